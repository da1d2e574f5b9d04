import type { CgiRequest } from '@common-gateway/core'

/** A request for `/cgi-bin/report.cgi`, but for what is given. */
export function createRequest(given: Partial<CgiRequest> = {}): CgiRequest {
  const url = given.url ?? '/cgi-bin/report.cgi'
  return {
    method: 'GET',
    url,
    originalUrl: url,
    mount: '/cgi-bin',
    httpVersion: '1.1',
    headers: [['Host', 'www.example.org']],
    body: null,
    scheme: 'http',
    host: 'www.example.org',
    serverPort: 8080,
    serverAddress: '192.0.2.1',
    remoteAddress: '203.0.113.7',
    remotePort: 40_000,
    localRedirects: { count: 0 },
    signal: new AbortController().signal,
    native: null,
    ...given,
  }
}
