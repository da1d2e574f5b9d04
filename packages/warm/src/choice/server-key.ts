/**
 * The variables that belong to a request (RFC 3875 section 4.1, and those that gateways and servers add). All others are
 * fixed: a fork server has them from its start. SERVER_SOFTWARE is a constant of the gateway, which CGI.pm reads when it is
 * loaded.
 */
const REQUEST_VARIABLE =
  /^(?:HTTP_|REDIRECT_|SSL_|REMOTE_|REQUEST_|SCRIPT_|SERVER_(?!SOFTWARE$)|(?:AUTH_TYPE|CONTENT_LENGTH|CONTENT_TYPE|HTTPS|PATH_INFO|PATH_TRANSLATED|QUERY_STRING|DOCUMENT_URI)$)/

type Environment = Readonly<Record<string, string>>

/** The variables of an environment that a fork server has from its start. */
export function fixedVariables(environment: Environment): Record<string, string> {
  const names = Object.keys(environment).filter((name) => !REQUEST_VARIABLE.test(name))
  return Object.fromEntries(names.map((name) => [name, environment[name] ?? '']))
}

/** The key of the fork servers of a script: requests with the same key may share one. */
export function serverKey(cwd: string, environment: Environment): string {
  let key = cwd
  for (const name in environment) {
    if (!REQUEST_VARIABLE.test(name)) key += `\0${name}=${environment[name]}`
  }
  return key
}
