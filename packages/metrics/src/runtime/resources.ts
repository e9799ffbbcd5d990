import type { Gauges, Probe } from "./probe.ts";

/** Node has about forty; addons may bring their own. What comes after this many is one series together. */
export const mostTypes = 50;

/** What keeps the event loop alive, by type, as it was at the end of the last interval. */
export function watchResources(gauges: Gauges, list: () => readonly string[] = readResources): Probe {
  const counts = new Map<string, number>();
  const show = (type: string): void => {
    const attributes = { "v8js.resource.type": type };
    const description = "Resources that keep the event loop alive, by type.";
    gauges.show("v8js.resource.active", () => counts.get(type) ?? 0, { unit: "{resource}", description, attributes });
  };
  const sample = (): void => {
    for (const type of counts.keys()) counts.set(type, 0);
    for (const found of list()) {
      const type = counts.has(found) || counts.size < mostTypes ? found : "_OTHER";
      if (!counts.has(type)) show(type);
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  };
  sample();
  return { sample };
}

function readResources(): readonly string[] {
  return process.getActiveResourcesInfo();
}
