import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  body,
  either,
  failsScript,
  field,
  input,
  never,
  refuses,
  sequence,
  status,
  UNSET,
  variables,
} from '../expectations.js'
import { ask, get, keep, post, postChunks, rawRequest, REPORT, say, saying } from '../requests.js'

const TYPE = 'Content-Type: text/plain\n'

/** The target of a script that redirects to a path of this server. */
function redirecting(location: string): string {
  return saying(`Location: ${location}\n\n`)
}

/** A redirect to a redirect, and so on, that ends at a report. */
function chain(length: number): string {
  let target = `${REPORT}/end`
  for (let count = 0; count < length; count += 1) target = redirecting(target)
  return target
}

/** Locations that are URIs, and so for the client. */
const ABSOLUTE = [
  'http://example.org/',
  'https://example.org/a/b?c=d&e=%20',
  'http://example.org/a#part',
  'HTTP://EXAMPLE.ORG/',
  'http://[::1]/a',
  'mailto:a@example.org',
  'urn:isbn:0451450523',
  'http://example.org/?u=http://example.com/',
] as const

export const redirectCases: readonly Case[] = table(
  'redirect',
  [
    {
      contract: 'RES-3',
      source: 'RFC 3875 section 6.2.3',
      level: 'MUST',
      because:
        'RFC 3875 section 6.2.3: an absolute URI makes the server answer 302, and go nowhere itself.',
    },
    [
      ...ABSOLUTE.map((location) => ({
        title: `sends the client to ${location}`,
        request: say(`Location: ${location}\n\n`),
        expect: all(status(302), field('Location', location)),
      })),
      {
        title: 'sends the client elsewhere with the name in small letters',
        request: say('location: http://example.org/\r\n\r\n'),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sends a client of HTTP/1.0 elsewhere',
        request: rawRequest(`GET ${saying('Location: http://example.org/\n\n')} HTTP/1.0`),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sends the client of a POST elsewhere',
        request: post(saying('Location: http://example.org/\n\n'), 'body'),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sends the client of a HEAD elsewhere',
        request: ask('HEAD', saying('Location: http://example.org/\n\n')),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sends an extension field with a redirect, or drops it',
        request: say('Location: http://example.org/\nX-CGI-Own: a\n\n'),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sets cookies with a redirect',
        source: 'RFC 3875 section 6.2.3, RFC 6265 section 3',
        because: 'RFC 6265 section 3: a server may send Set-Cookie with any response.',
        request: say('Location: http://example.org/\nSet-Cookie: a=1\nSet-Cookie: b=2\n\n'),
        expect: all(
          status(302),
          field('Location', 'http://example.org/'),
          field('Set-Cookie', 'a=1', 'b=2'),
        ),
      },
    ],
  ],
  [
    {
      contract: 'RES-3',
      source: 'RFC 3875 section 6.2.4',
      level: 'MUST',
      because:
        'RFC 3875 section 6.2.4: a redirect may have a document, and a Status that means redirection.',
    },
    [
      ...[301, 302, 303, 307, 308].map((code) => ({
        title: `sends a redirect with a document and status ${code}`,
        request: say(`Status: ${code} Own Words\nLocation: http://example.org/\n${TYPE}\nbody`),
        expect: all(
          status(code),
          field('Location', 'http://example.org/'),
          field('Content-Type', 'text/plain'),
          body('body'),
        ),
      })),
      ...[301, 303, 307, 308].map((code) => ({
        title: `sends a redirect with status ${code} and no document`,
        request: say(`Location: http://example.org/\nStatus: ${code}\n\n`),
        expect: all(status(code), field('Location', 'http://example.org/'), body(/^(?:<|$)/)),
      })),
      {
        title: 'sends a redirect with a document and no status',
        source: 'RFC 3875 sections 6.2.3 and 6.2.4',
        request: say(`Location: http://example.org/\n${TYPE}\nbody`),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'sends a Location with status 201',
        source: 'RFC 9110 section 10.2.2, RFC 3875 section 6.3.3',
        because:
          'RFC 9110 section 10.2.2: with 201, Location is what has been made, and no redirect.',
        request: say(`Status: 201 Created\nLocation: http://example.org/new\n${TYPE}\nbody`),
        expect: all(status(201), field('Location', 'http://example.org/new'), body('body')),
      },
      {
        title: 'sends a path as Location with status 201',
        source: 'RFC 9110 section 10.2.2, RFC 3875 section 6.3.3',
        because:
          'RFC 9110 section 10.2.2: with 201, Location is what has been made; RFC 3875 section 6.2.2 allows no Status in a local redirect, so this is none.',
        request: say(`Status: 201 Created\nLocation: /new\n${TYPE}\nbody`),
        expect: all(status(201), field('Location', '/new'), body('body')),
      },
      ...['/other', 'other', '?other', '../other', '//example.org/other'].map((location) => ({
        title: `sends Location: ${location} with a Status to the client`,
        source: 'RFC 9110 section 10.2.2, RFC 3875 section 6.2.2',
        because:
          'RFC 9110 section 10.2.2 allows relative references; RFC 3875 section 6.2.2 allows no Status in a local redirect, so this is none.',
        request: say(`Status: 302 Found\nLocation: ${location}\n\n`),
        expect: all(status(302), field('Location', location)),
      })),
    ],
  ],
  [
    {
      contract: 'RES-2',
      source: 'RFC 3875 section 6.2.2',
      level: 'MUST',
      because: 'RFC 3875 section 6.2.2: the server must answer as if the path had been asked for.',
    },
    [
      {
        title: 'answers with what is at the path',
        request: get(redirecting(`${REPORT}/a%20b?c=%20d`)),
        expect: variables({
          SCRIPT_NAME: REPORT,
          PATH_INFO: '/a b',
          QUERY_STRING: 'c=%20d',
          REQUEST_METHOD: 'GET',
        }),
      },
      {
        title: 'answers with what is at the path, in CRLF',
        request: say(`location:${REPORT}/a\r\n\r\n`),
        expect: variables({ SCRIPT_NAME: REPORT, PATH_INFO: '/a' }),
      },
      {
        title: 'leaves the query away that was asked for',
        request: get(redirecting(REPORT)),
        expect: variables({ QUERY_STRING: UNSET, PATH_INFO: UNSET, PATH_TRANSLATED: UNSET }),
      },
      {
        title: 'takes the fields of the request along',
        request: get(redirecting(REPORT), 'X-Kept: a', 'Cookie: b=c'),
        expect: variables({
          HTTP_X_KEPT: 'a',
          HTTP_COOKIE: 'b=c',
          REMOTE_ADDR: '127.0.0.1',
          SERVER_NAME: 'www.example.org',
        }),
      },
      {
        title: 'hands on no Proxy field either',
        source: 'CVE-2016-5385 (httpoxy)',
        level: 'security',
        request: get(redirecting(REPORT), 'Proxy: http://evil/'),
        expect: all(variables({ HTTP_PROXY: UNSET }), never(/evil/)),
      },
      {
        title: 'redirects into a folder',
        request: get(redirecting('/cgi-bin/folder/report.cgi/a')),
        expect: variables({ SCRIPT_NAME: '/cgi-bin/folder/report.cgi', PATH_INFO: '/a' }),
      },
      {
        title: 'answers with the error of what is at the path',
        request: get(redirecting(saying(`Status: 418 Own Words\n${TYPE}\nbody`))),
        expect: all(status(418), field('Location'), body('body')),
      },
      {
        title: 'sends a redirect of the client that is at the path',
        request: get(redirecting(saying('Location: http://example.org/\n\n'))),
        expect: all(status(302), field('Location', 'http://example.org/')),
      },
      {
        title: 'answers 404 for what is not there',
        request: get(redirecting('/cgi-bin/none.cgi')),
        expect: all(refuses(404), field('Location')),
      },
      {
        title: 'answers 404 outside of the scripts',
        request: get(redirecting('/none/such')),
        expect: all(refuses(404), field('Location')),
      },
      ...[2, 4].map((length) => ({
        title: `follows ${length} redirects in a row`,
        request: get(chain(length)),
        expect: variables({ SCRIPT_NAME: REPORT, PATH_INFO: '/end' }),
      })),
      {
        title: 'ends a loop of redirects',
        source: 'RFC 3875 section 6.2.2, RFC 9110 section 15.4',
        because: 'RFC 9110 section 15.4: whoever follows redirects should notice a loop.',
        request: get('/cgi-bin/loop.cgi'),
        expect: all(answers(500, 502, 508), field('Location')),
      },
      {
        title: 'takes no body along after a POST',
        source: 'RFC 3875 sections 6.2.2 and 6.3.2',
        because:
          'RFC 3875 section 6.2.2: as if the URL had been requested, which is a GET; section 6.3.2: the body may not be available.',
        request: post(redirecting(`${REPORT}/a`), 'body', 'Content-Type: text/x-test'),
        expect: all(
          variables({ REQUEST_METHOD: 'GET', PATH_INFO: '/a', CONTENT_TYPE: UNSET }),
          either(input('', UNSET), input('', '0')),
        ),
      },
      {
        title: 'takes no chunked body along',
        source: 'RFC 3875 sections 6.2.2 and 6.3.2',
        because:
          'RFC 3875 section 6.2.2: as if the URL had been requested, which is a GET; section 6.3.2: the body may not be available.',
        request: postChunks(redirecting(REPORT), ['body', 'more']),
        expect: all(variables({ REQUEST_METHOD: 'GET' }), either(input('', UNSET), input('', '0'))),
      },
      {
        title: 'sends no body to HEAD after a redirect',
        source: 'RFC 9110 section 9.3.2',
        because:
          'RFC 9110 section 9.3.2: whatever the server does with it, the client has sent HEAD.',
        request: keep('HEAD', redirecting(REPORT)) + get(`${REPORT}/next`),
        expect: sequence([200, ''], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'keeps in step after a redirect of a POST',
        source: 'RFC 9112 section 9.3',
        because: 'RFC 9112 section 9.3: the body is to be read, or the connection closed.',
        request:
          keep('POST', redirecting(`${REPORT}/first`), ['Content-Length: 4'], 'body') +
          get(`${REPORT}/next`),
        expect: sequence([200, /PATH_INFO=\/first\n/], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'does not go up by a redirect',
        level: 'security',
        source: 'RFC 3875 section 9.8',
        because: 'RFC 3875 section 9.8: dot segments must not lead outside.',
        request: get(redirecting('/cgi-bin/../outside.cgi')),
        expect: all(refuses(400, 403, 404), never(/secret/)),
      },
      {
        title: 'does not find hidden files by a redirect',
        level: 'security',
        source: 'RFC 3875 section 9.5',
        because: 'What a client may not have, it may not have by way of a script that it controls.',
        request: get(redirecting('/cgi-bin/.hidden.cgi')),
        expect: all(refuses(403, 404), never(/secret/)),
      },
      {
        title: 'answers with the bytes of an NPH script',
        source: 'RFC 3875 sections 5.2 and 6.2.2',
        because:
          'RFC 3875 section 6.2.2: as if the path had been asked for, and there section 5.2 has its output unmodified.',
        request: get(
          redirecting(
            saying(
              'HTTP/1.1 299 Own\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody',
              'nph-say.cgi',
            ),
          ),
        ),
        expect: all(status(299), body('body')),
      },
    ],
  ],
  [
    {
      contract: 'RES-3',
      source: 'RFC 3875 sections 6.2.2 and 6.3.2',
      level: 'MUST',
      because:
        'RFC 3875 section 6.3.2: a local Location is an absolute path with a query, and nothing else; what is neither that nor a URI is an error, or for the client to resolve (RFC 9110 section 10.2.2).',
    },
    [
      ...['other', '?other', './other', '../other', '#part'].map((location) => ({
        title: `does not redirect locally for Location: ${location}`,
        request: say(`Location: ${location}\n\n`),
        expect: either(all(status(302), field('Location', location)), failsScript),
      })),
      {
        title: 'does not send a fragment to a script',
        request: say(`Location: ${REPORT}/a#part\n\n`),
        expect: either(
          all(status(302), field('Location', `${REPORT}/a#part`)),
          variables({ PATH_INFO: '/a' }),
          failsScript,
        ),
      },
      {
        title: 'does not take another host for a path',
        level: 'security',
        request: say('Location: //evil.example/cgi-bin/report.cgi\n\n'),
        expect: either(
          refuses(400, 404),
          all(answers(301, 302, 308), field('Location', '//evil.example/cgi-bin/report.cgi')),
          failsScript,
        ),
      },
      {
        title: 'does not send a path with a blank in it to a script',
        request: say(`Location: ${REPORT}/a b\n\n`),
        expect: either(answers(302, 400), failsScript, variables({ PATH_INFO: '/a b' })),
      },
      {
        title: 'redirects locally or sends the client on where other fields stand next to a path',
        source: 'RFC 3875 section 6.2.2',
        because:
          'RFC 3875 section 6.2.2: a local redirect has no other field. A server may drop them, or take it for a redirect of the client.',
        request: say(`Location: ${REPORT}/a\nSet-Cookie: a=b\n\n`),
        expect: either(
          all(status(302), field('Location', `${REPORT}/a`), field('Set-Cookie', 'a=b')),
          variables({ PATH_INFO: '/a' }),
        ),
      },
      {
        title: 'refuses two different Locations',
        source: 'RFC 3875 section 6.3',
        because:
          'RFC 3875 section 6.3: a CGI field must not be there twice; a server that picks one guesses.',
        request: say('Location: http://example.org/\nLocation: http://evil.example/\n\n'),
        expect: failsScript,
      },
      {
        title: 'sends one Location where the script sends the same twice, or refuses it',
        source: 'RFC 3875 section 6.3, RFC 9110 section 5.3',
        because: 'RFC 9110 section 5.3: a server must not send a field twice that is no list.',
        request: say('Location: http://example.org/\nLocation: http://example.org/\n\n'),
        expect: either(failsScript, all(status(302), field('Location', 'http://example.org/'))),
      },
      {
        title: 'keeps other bytes than URLs have out of a redirect, or sends them on',
        source: 'RFC 3986 section 2',
        request: say('Location: http://example.org/\xe9\n\n'),
        expect: either(failsScript, (exchange) => {
          answers(302)(exchange)
          assert.match(exchange.received, /example\.org\/(?:\xe9|%[Ee]9)/)
        }),
      },
    ],
  ],
)
