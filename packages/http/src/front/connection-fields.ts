/** Whether it is a field by which somebody decides about the connection of an answer. */
export function isOfConnection(name: string): boolean {
  return /^(?:connection|keep-alive|transfer-encoding)$/i.test(name);
}
