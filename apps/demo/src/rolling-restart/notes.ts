import { Client } from "pg";

/** Where the messages are that the service has acknowledged, seen past the service. */
export async function makeNotes(connectionString: string): Promise<void> {
  await ask(connectionString, "create table notes (id bigint primary key)");
}

export async function readNotes(connectionString: string): Promise<ReadonlySet<number>> {
  const rows = await ask<{ id: string }>(connectionString, "select id from notes");
  return new Set(rows.map(({ id }) => Number(id)));
}

async function ask<Row extends object = object>(connectionString: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
