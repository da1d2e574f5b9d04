import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import { all, either, nowhere, refuses, report, UNSET, variables } from '../expectations.js'
import { get, post, postChunks, rawRequest, REPORT } from '../requests.js'

/** How a field becomes a variable. */
const FIELDS = [
  ['Accept: text/html, */*;q=0.5', 'HTTP_ACCEPT', 'text/html, */*;q=0.5'],
  ['User-Agent: Mozilla/5.0 (X; Y) "z"', 'HTTP_USER_AGENT', 'Mozilla/5.0 (X; Y) "z"'],
  ['Referer: http://example.org/a?b=c&d', 'HTTP_REFERER', 'http://example.org/a?b=c&d'],
  ['Accept-Language: de, en;q=0.7', 'HTTP_ACCEPT_LANGUAGE', 'de, en;q=0.7'],
  ['If-None-Match: "a", W/"b"', 'HTTP_IF_NONE_MATCH', '"a", W/"b"'],
  ['Via: 1.1 proxy (x)', 'HTTP_VIA', '1.1 proxy (x)'],
  ['x-lower-case: a', 'HTTP_X_LOWER_CASE', 'a'],
  ['X-UPPER-CASE: a', 'HTTP_X_UPPER_CASE', 'a'],
  ['X-MiXeD-cAsE: aBc', 'HTTP_X_MIXED_CASE', 'aBc'],
  ['X-Digits-123: 1', 'HTTP_X_DIGITS_123', '1'],
  ['X--Two-Hyphens: 1', 'HTTP_X__TWO_HYPHENS', '1'],
  ['X-Ends-: 1', 'HTTP_X_ENDS_', '1'],
  ['X: one letter', 'HTTP_X', 'one letter'],
  ['X-Tight:a', 'HTTP_X_TIGHT', 'a'],
  ['X-Blanks: \t a  b \t ', 'HTTP_X_BLANKS', 'a  b'],
  ['X-Tab: a\tb', 'HTTP_X_TAB', 'a\tb'],
  ['X-Colons: a:b::c', 'HTTP_X_COLONS', 'a:b::c'],
  ['X-Escapes: %41%00 \\n', 'HTTP_X_ESCAPES', '%41%00 \\n'],
  ['X-Shell: $(id) `id` ; | & > < * \' "', 'HTTP_X_SHELL', '$(id) `id` ; | & > < * \' "'],
  ['X-Function: () { :;}; echo x', 'HTTP_X_FUNCTION', '() { :;}; echo x'],
  ['Path: /evil', 'HTTP_PATH', '/evil'],
] as const

/** Fields that a client could send to set a variable which is not its own. */
const IMPOSTORS = [
  ['Content_Length: 99', 'CONTENT_LENGTH'],
  ['Content_Type: text/evil', 'CONTENT_TYPE'],
  ['PATH: /evil', 'PATH'],
  ['LD-Preload: /evil', 'LD_PRELOAD'],
  ['Script-Name: /evil', 'SCRIPT_NAME'],
  ['Remote-Addr: evil', 'REMOTE_ADDR'],
  ['Auth-Type: evil', 'AUTH_TYPE'],
  ['Https: evil', 'HTTPS'],
  ['PERL5OPT: -Mevil', 'PERL5OPT'],
  ['Redirect-Status: evil', 'REDIRECT_STATUS'],
] as const

/** Pairs that would be one variable to a script: CVE-2015-1855 and its kind. */
const UNDERSCORES = [
  ['X_Under: evil', 'HTTP_X_UNDER'],
  ['X_Forwarded_For: evil', 'HTTP_X_FORWARDED_FOR'],
  ['X.Dot: evil', 'HTTP_X.DOT'],
  ['X!Mark: evil', 'HTTP_X!MARK'],
] as const

const RULE =
  'RFC 3875 section 4.1.18: the name in upper case, each hyphen an underscore, HTTP_ before it; the value unchanged in meaning.'

export const headerVariableCases: readonly Case[] = table(
  'header',
  [
    { contract: 'ENV-2', source: 'RFC 3875 section 4.1.18', level: 'SHOULD', because: RULE },
    FIELDS.map(([line, name, value]) => ({
      title: `makes ${name} of a field`,
      request: get(REPORT, line),
      expect: variables({ [name]: value }),
    })),
  ],
  [
    {
      contract: 'ENV-7',
      source: 'RFC 3875 sections 4.1.18 and 7.2, RFC 9110 section 5.5',
      level: 'MUST',
      because:
        'RFC 9110 section 5.5: bytes over 0x7F are opaque data; encoding them anew, or dropping them, changes the value.',
    },
    [
      ['a byte of Latin-1', '\xe9'],
      ['UTF-8', '\xc3\xa9\xe2\x82\xac'],
      [
        'all bytes from 0x80 to 0xFF',
        String.fromCharCode(...Array.from({ length: 128 }, (_, index) => 128 + index)),
      ],
      ['a blank of Latin-1 at the end', 'a\xa0'],
      ['invalid UTF-8', 'a\xff\xfe\xc3'],
    ].map(([what = '', value = '']) => ({
      title: `keeps ${what} in a value`,
      request: get(REPORT, `X-Bytes: ${value}`),
      expect: variables({ HTTP_X_BYTES: value }),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 section 4.1.18, RFC 9110 section 5.3',
      level: 'MUST',
      because:
        'RFC 3875 section 4.1.18: several fields of a name must become a single value of the same semantics, which for lists is to join them by commas, in their order.',
    },
    [
      {
        title: 'joins fields of one name',
        request: get(REPORT, 'X-List: a', 'X-List: b', 'X-List: c'),
        expect: variables({ HTTP_X_LIST: /^a, ?b, ?c$/ }),
      },
      {
        title: 'joins fields whose names differ in case',
        request: get(REPORT, 'X-List: a', 'x-list: b'),
        expect: variables({ HTTP_X_LIST: /^a, ?b$/ }),
      },
      {
        title: 'joins fields that are not next to each other',
        request: get(REPORT, 'X-List: a', 'X-Other: x', 'X-List: b'),
        expect: variables({ HTTP_X_LIST: /^a, ?b$/, HTTP_X_OTHER: 'x' }),
      },
      {
        title: 'joins fields that are lists themselves',
        request: get(REPORT, 'Accept: a/b, c/d', 'Accept: e/f'),
        expect: variables({ HTTP_ACCEPT: /^a\/b, c\/d, ?e\/f$/ }),
      },
      {
        title: 'keeps a value that is there twice',
        request: get(REPORT, 'X-List: a', 'X-List: a'),
        expect: variables({ HTTP_X_LIST: /^a, ?a$/ }),
      },
      ...['User-Agent', 'Referer', 'If-Modified-Since', 'From', 'Max-Forwards'].map((name) => ({
        title: `does not lose one of two ${name} fields silently`,
        level: 'SHOULD' as const,
        request: get(REPORT, `${name}: one`, `${name}: two`),
        expect: either(
          variables({ [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`]: /^one, ?two$/ }),
          refuses(400),
        ),
      })),
      {
        title: 'joins cookies in their own way',
        source: 'RFC 3875 section 4.1.18, RFC 9113 section 8.2.3, RFC 6265 section 5.4',
        because:
          'RFC 6265 section 4.2.1: `; ` separates cookies. A comma would make other cookies of them.',
        request: get(REPORT, 'Cookie: a=1', 'Cookie: b=2; c=3'),
        expect: variables({ HTTP_COOKIE: 'a=1; b=2; c=3' }),
      },
      {
        title: 'keeps one cookie field as it is',
        request: get(REPORT, 'Cookie: a="1, 2"; b=%20;c'),
        expect: variables({ HTTP_COOKIE: 'a="1, 2"; b=%20;c' }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 sections 4.1 and 4.1.18',
      level: 'MAY',
      because:
        'RFC 3875 section 4.1: an empty value may be left out, but must not be anything else.',
    },
    [
      {
        title: 'makes an empty value of an empty field',
        request: get(REPORT, 'X-Empty:', 'X-After: yes'),
        expect: variables({ HTTP_X_EMPTY: UNSET, HTTP_X_AFTER: 'yes' }),
      },
      {
        title: 'makes an empty value of a field of blanks',
        request: get(REPORT, 'X-Empty:  \t ', 'X-After: yes'),
        expect: variables({ HTTP_X_EMPTY: UNSET, HTTP_X_AFTER: 'yes' }),
      },
      {
        title: 'takes a value of 7000 bytes',
        level: 'SHOULD',
        source: 'RFC 3875 section 4.1.18, RFC 9110 section 5.4',
        request: get(REPORT, `X-Long: ${'x'.repeat(7000)}`),
        expect: variables({ HTTP_X_LONG: 'x'.repeat(7000) }),
      },
      {
        title: 'takes 60 fields',
        level: 'SHOULD',
        source: 'RFC 3875 section 4.1.18, RFC 9110 section 5.4',
        request: get(
          REPORT,
          ...Array.from({ length: 60 }, (_, index) => `X-Number-${index}: ${index}`),
        ),
        expect: variables(
          Object.fromEntries(
            Array.from({ length: 60 }, (_, index) => [`HTTP_X_NUMBER_${index}`, String(index)]),
          ),
        ),
      },
      {
        title: 'refuses fields that are too large, or takes them',
        level: 'SHOULD',
        source: 'RFC 6585 section 5, RFC 9110 section 5.4',
        because: 'RFC 9110 section 5.4: fields that are too large are answered with a 4xx.',
        request: get(REPORT, `X-Long: ${'x'.repeat(100_000)}`),
        expect: either(refuses(400, 413, 431), variables({ HTTP_X_LONG: 'x'.repeat(100_000) })),
      },
    ],
  ],
  [
    {
      contract: 'ENV-2',
      source: 'CVE-2016-5385 (httpoxy), RFC 3875 section 4.1.18',
      level: 'security',
      because:
        'HTTP_PROXY configures the HTTP clients that a script uses; a client must not be able to set it.',
    },
    ['Proxy: http://evil/', 'proxy: http://evil/', 'PROXY:http://evil/', 'pRoXy: http://evil/'].map(
      (line) => ({
        title: `hands on no ${line}`,
        request: get(REPORT, line),
        expect: all(variables({ HTTP_PROXY: UNSET }), nowhere(/^http_proxy=|evil/i)),
      }),
    ),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 sections 4.1.18 and 9.2',
      level: 'SHOULD',
      because:
        'RFC 3875 section 4.1.18: fields that carry authentication information should be removed.',
    },
    [
      ['Authorization', 'Basic dXNlcjpzZWNyZXQ='],
      ['authorization', 'Bearer c2VjcmV0'],
      ['Proxy-Authorization', 'Basic dXNlcjpzZWNyZXQ='],
    ].map(([name = '', value = '']) => ({
      title: `hands on no ${name}: ${value.split(' ')[0]}`,
      request: get(REPORT, `${name}: ${value}`),
      expect: nowhere(/^[^=]*authorization=|c2VjcmV0|dXNlcjpzZWNyZXQ/i),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 section 4.1.18',
      level: 'SHOULD',
      because:
        'RFC 3875 section 4.1.18: a field that has its own variable should not be in HTTP_* again.',
    },
    [
      {
        title: 'makes no HTTP_CONTENT_LENGTH',
        request: post(REPORT, 'body'),
        expect: variables({ HTTP_CONTENT_LENGTH: UNSET, CONTENT_LENGTH: '4' }),
      },
      {
        title: 'makes no HTTP_CONTENT_TYPE',
        request: post(REPORT, 'body', 'Content-Type: text/x-test'),
        expect: variables({ HTTP_CONTENT_TYPE: UNSET, CONTENT_TYPE: 'text/x-test' }),
      },
      {
        title: 'makes no HTTP_TRANSFER_ENCODING, as the coding is gone',
        source: 'RFC 3875 sections 4.1.18 and 4.2',
        because:
          'RFC 3875 section 4.2: transfer-codings are removed; a script that sees one would decode the body again.',
        request: postChunks(REPORT, ['body']),
        expect: variables({ HTTP_TRANSFER_ENCODING: UNSET, CONTENT_LENGTH: '4' }),
      },
      {
        title: 'tells the Host as it was sent',
        source: 'RFC 3875 section 4.1.18',
        because: RULE,
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, [
          'Host: www.example.org:99',
          'Connection: close',
        ]),
        expect: variables({ HTTP_HOST: 'www.example.org:99' }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 section 4.1.18, RFC 9110 section 7.6.1',
      level: 'MAY',
      because:
        'RFC 3875 section 4.1.18 lets a server remove what is about the connection alone; a script may or may not see it, and is run all the same.',
    },
    [
      'Connection: keep-alive, X-Any',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Upgrade: websocket',
      'Proxy-Connection: keep-alive',
      'Trailer: X-T',
    ].map((line) => ({
      title: `runs a script for a request with ${line}`,
      // Parsers that take Proxy-Connection for Connection keep an HTTP/1.0 connection open.
      request: line.startsWith('Proxy-')
        ? rawRequest(`GET ${REPORT} HTTP/1.1`, ['Host: www.example.org', 'Connection: close', line])
        : rawRequest(`GET ${REPORT} HTTP/1.0`, [
            line.startsWith('Connection') ? 'Connection: close, X-Any' : line,
          ]),
      expect: variables({ REQUEST_METHOD: 'GET' }),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 section 4.1.18, RFC 9110 section 5.1',
      level: 'security',
      because:
        'Scripts cannot tell X_Y from X-Y once both are HTTP_X_Y (or not a name at all); what a proxy has set as X-Y must not be set by a client as X_Y.',
    },
    [
      ...UNDERSCORES.map(([line, name]) => ({
        title: `makes no variable of ${line}`,
        request: get(REPORT, line),
        expect: nowhere(new RegExp(`^${name.replaceAll(/[.!']/g, '.')}=|=.*evil`)),
      })),
      {
        title: 'takes X-Same and not X_Same',
        request: get(REPORT, 'X_Same: evil', 'X-Same: good', 'X_Same: evil'),
        expect: variables({ HTTP_X_SAME: 'good' }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 3875 sections 4.1 and 4.1.18',
      level: 'security',
      because: 'RFC 3875 section 4.1.18: what a client sends is in HTTP_* and nowhere else.',
    },
    IMPOSTORS.map(([line, name]) => ({
      title: `sets no ${name} by ${line}`,
      request: post(REPORT, 'body', line),
      expect: report(({ variables: seen }) => {
        assert.doesNotMatch(seen.get(name) ?? '', /evil|^99$/)
        for (const each of seen.keys())
          assert.match(each, /^[A-Za-z_]\w*$/, 'the name of a variable')
      }),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 9112 section 5.2, RFC 3875 section 4.1.18',
      level: 'MUST',
      because:
        'RFC 9112 section 5.2: a folded line is refused with 400 or made one line, before anything else sees it.',
    },
    [
      ['a blank', ' '],
      ['a tab', '\t'],
    ].map(([what = '', blank = '']) => ({
      title: `refuses or joins a field line that goes on after ${what}`,
      request: get(REPORT, 'X-Folded: a', `${blank}b`),
      expect: either(refuses(400), variables({ HTTP_X_FOLDED: /^a +b$/ })),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 9112 section 5, RFC 9110 section 5.5',
      level: 'MUST',
      because:
        'RFC 9110 section 5.5: CR, LF and NUL in a value are dangerous; they are refused or made blanks. RFC 9112 section 5.1: white space before the colon is refused with 400.',
    },
    [
      ['a blank before the colon', 'X-Bad : a'],
      ['a tab before the colon', 'X-Bad\t: a'],
      ['no colon', 'X-Bad'],
      ['no name', ': a'],
      ['a blank in the name', 'X Bad: a'],
      ['a parenthesis in the name', 'X(Bad): a'],
      ['a byte over 0x7F in the name', 'X-B\xe4d: a'],
      ['a control character in the name', 'X-\x01: a'],
      ['a NUL in the name', 'X-\0: a'],
      ['a bare CR in the name', 'X-\rBad: a'],
      ['an equals sign in the name', 'X=Bad: a'],
    ].map(([what = '', line = '']) => ({
      title: `refuses a field with ${what}`,
      request: get(REPORT, line),
      expect: refuses(400),
    })),
  ],
  [
    {
      contract: 'ENV-2',
      source: 'RFC 9110 section 5.5',
      level: 'MUST',
      because:
        'RFC 9110 section 5.5: CR, LF and NUL in a value are refused, or made blanks, before they are handed on.',
    },
    [
      ['a NUL', '\0'],
      ['a bare CR', '\r'],
    ].map(([what = '', byte = '']) => ({
      title: `hands on no ${what} in a value`,
      request: get(REPORT, `X-Bad: a${byte}b`),
      expect: either(refuses(400), variables({ HTTP_X_BAD: 'a b' })),
    })),
  ],
)
