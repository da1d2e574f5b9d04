/** What goes before the blank line of a request, besides its request line. */
type Fields = readonly string[]

const HOST = 'Host: www.example.org'
const CLOSE = 'Connection: close'

/** A request on a connection that ends with it. Its fields are whole lines; Host can be replaced. */
export function ask(method: string, target: string, fields: Fields = [], body = ''): string {
  return keep(method, target, [...fields, CLOSE], body)
}

/** A request that lets the connection live on. */
export function keep(method: string, target: string, fields: Fields = [], body = ''): string {
  return rawRequest(`${method} ${target} HTTP/1.1`, [HOST, ...fields], body)
}

/** A request made of nothing but what is given. */
export function rawRequest(requestLine: string, fields: Fields = [], body = ''): string {
  return [requestLine, ...fields, '', body].join('\r\n')
}

export function get(target: string, ...fields: string[]): string {
  return ask('GET', target, fields)
}

/** A POST whose body has a length. */
export function post(target: string, body: string, ...fields: string[]): string {
  return ask('POST', target, [...fields, `Content-Length: ${body.length}`], body)
}

/** A POST whose body comes in these chunks. */
export function postChunks(target: string, chunks: readonly string[], ...fields: string[]): string {
  return ask('POST', target, [...fields, 'Transfer-Encoding: chunked'], chunked(...chunks))
}

/** A body in chunks (RFC 9112 section 7.1). */
export function chunked(...chunks: readonly string[]): string {
  const parts = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  return `${parts.join('')}0\r\n\r\n`
}

export const REPORT = '/cgi-bin/report.cgi'

/** The target that makes a script print these bytes, and nothing else. */
export function saying(bytes: string, script = 'say.cgi'): string {
  return `/cgi-bin/${script}?${Buffer.from(bytes, 'latin1').toString('hex')}`
}

/** A GET that is answered with what a script prints. */
export function say(bytes: string, ...fields: string[]): string {
  return get(saying(bytes), ...fields)
}
