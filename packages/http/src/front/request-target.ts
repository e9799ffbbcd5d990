/** The path of a request's url, in whichever form it came (RFC 9112): a server must take the absolute one too, as proxies are sent it. */
export function pathOf(url: string): string {
  const local = originForm(url);
  const end = local.search(/[?#]/);
  return end < 0 ? local : local.slice(0, end);
}

/** What stands behind the question mark; empty without one. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  if (start < 0) return "";
  const end = url.indexOf("#", start);
  return end < 0 ? url.slice(start + 1) : url.slice(start + 1, end);
}

function originForm(url: string): string {
  if (url.startsWith("/")) return url;
  const rest = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is.exec(url)?.[1];
  if (rest === undefined) return url;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
