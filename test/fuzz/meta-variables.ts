import { CgiError, type HeaderField } from '@common-gateway/core'
import { createMetaVariables, type MetaVariablesInput } from '@common-gateway/core/steps'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { createRequest } from '../core/requests.js'
import { readFraming } from '@internal/core/body/framing.js'
import { fromByteString, toByteString } from '@internal/core/data/byte-string.js'
import { createProperty, type Property } from './property.js'
import { fieldValue, requestFields } from './request-fields.js'
import { byteString } from './text.js'

/** Text of the application's own, not of a client: UTF-8, and sometimes what no environment holds. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'a', 'é', '世界', 'a b\n', '\ufeffa') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
)
/** Path and query as Node gives them: bytes, none of them a control character or a blank. */
const sent = byteString(8).map((bytes) => bytes.replace(/[\0-\x20\x7f]/g, '%00'))

const input: fc.Arbitrary<MetaVariablesInput> = fc
  .record({
    headers: requestFields,
    method: fc.constantFrom('GET', 'POST', 'PROPFIND'),
    httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
    scheme: fc.constantFrom('http', 'https'),
    address: fc.constantFrom('192.0.2.1', '::1', '::ffff:192.0.2.1', '', 'fe80::1%eth0'),
    from: fc.option(
      sent.map((query) => `/from?${query}`),
      { nil: undefined },
    ),
    hostname: fc.constantFrom('www.example.org', '[::1]', undefined),
    query: sent,
    pathInfo: fc.oneof(
      fc.constant(''),
      text.map((each) => `/${each.replaceAll('\0', '')}`),
    ),
    contentLength: fc.option(fc.nat(), { nil: undefined }),
    user: fc.constantFrom(null, undefined, { user: 'alice' }, { user: 'é', type: 'Basic' }),
    env: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.dictionary(fc.constantFrom('OWN', 'PATH', 'A=B', '', 'É'), text),
      },
    ),
    passAuthorization: fc.boolean(),
    underscoreHeaders: fc.constantFrom('ignore', 'allow'),
  })
  .map((given) => ({
    request: createRequest({
      method: given.method,
      httpVersion: given.httpVersion,
      scheme: given.scheme,
      headers: given.headers,
      serverAddress: given.address,
      remoteAddress: given.address,
      localRedirects: { count: given.from === undefined ? 0 : 1, from: given.from },
    }),
    target: {
      path: '/cgi-bin/é.cgi',
      query: given.query,
      uri: `/cgi-bin/%c3%a9.cgi?${given.query}`,
      hostname: given.hostname,
    },
    script: {
      type: 'script',
      file: '/srv/é/é.cgi',
      scriptName: '/cgi-bin/é.cgi',
      pathInfo: toByteString(given.pathInfo),
      command: ['/srv/é/é.cgi'],
    },
    contentLength: given.contentLength,
    user: given.user,
    env: given.env,
    settings: {
      documentRoot: '/srv/www',
      inherited: INHERITED,
      passAuthorization: given.passAuthorization,
      underscoreHeaders: given.underscoreHeaders,
    },
  }))

const INHERITED = { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: '/opt/lib' }

/** The names of RFC 3875 section 4.1, and of ENV-1 beyond it. */
const OWN_NAMES = new Set(
  (
    'AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE GATEWAY_INTERFACE PATH_INFO PATH_TRANSLATED QUERY_STRING ' +
    'REMOTE_ADDR REMOTE_HOST REMOTE_USER REQUEST_METHOD SCRIPT_NAME SERVER_NAME SERVER_PORT ' +
    'SERVER_PROTOCOL SERVER_SOFTWARE DOCUMENT_ROOT REQUEST_URI REQUEST_SCHEME HTTPS SCRIPT_FILENAME ' +
    'REMOTE_PORT SERVER_ADDR REDIRECT_STATUS REDIRECT_URL REDIRECT_QUERY_STRING'
  ).split(' '),
)

/** The variables; null where they cannot be made, which has to be for a reason. */
function create(given: MetaVariablesInput): Map<string, string> | null {
  try {
    return new Map(Object.entries(createMetaVariables(given)))
  } catch (error) {
    if (!(error instanceof CgiError) || error.code !== 'CGI_ERR_ENVIRONMENT') throw error
    const { request, env } = given
    const values = [...request.headers.map(([, value]) => value), ...Object.values(env)]
    const hasCause =
      values.some((value) => value.includes('\0')) ||
      Object.keys(env).some((name) => /^$|[=\0]/.test(name))
    assert.ok(hasCause, `without a reason: ${error.reason}`)
    return null
  }
}

/** The variable that a field becomes where nothing stands in its way (ENV-2). */
function variableOf(name: string): string {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
}

const KEPT_BACK = /^(?:content-(?:length|type)|proxy|connection|http2-settings|keep-alive)$/i
const KEPT_BACK_TOO = /^(?:proxy-connection|te|trailer|transfer-encoding|upgrade)$/i
const CREDENTIALS = /^(?:proxy-)?authorization$/i

function isHandedOn(name: string, passAuthorization: boolean): boolean {
  if (KEPT_BACK.test(name) || KEPT_BACK_TOO.test(name)) return false
  return passAuthorization || !CREDENTIALS.test(name)
}

/** The values that a variable is to be made of. */
function valuesFor(variable: string, { request, settings }: MetaVariablesInput): string[] {
  const passes = (pattern: RegExp) => (field: HeaderField) =>
    pattern.test(field[0]) &&
    variableOf(field[0]) === variable &&
    isHandedOn(field[0].replaceAll('_', '-'), settings.passAuthorization)
  const honest = request.headers.filter(passes(/^[A-Za-z0-9-]+$/))
  const others = request.headers.filter(passes(/^[A-Za-z0-9_-]+$/))
  const fields = honest.length > 0 || settings.underscoreHeaders === 'ignore' ? honest : others
  return fields.map(([, value]) => value)
}

export const metaVariablesProperties: readonly Property[] = [
  createProperty(
    'ENV-2 a variable comes from the fields of one name, and all of them',
    input,
    (given) => {
      const variables = create({ ...given, env: {} })
      if (variables === null) return
      const expected = new Map<string, string>()
      for (const [name] of given.request.headers) {
        if (!/^[A-Za-z0-9_-]+$/.test(name)) continue
        const variable = variableOf(name)
        const values = valuesFor(variable, given)
        const separator = variable === 'HTTP_COOKIE' ? '; ' : ', '
        if (values.length > 0) expected.set(variable, values.join(separator))
      }
      const made = new Map([...variables].filter(([name]) => name.startsWith('HTTP_')))
      assert.deepEqual(made, expected)
      assert.ok(!variables.has('HTTP_PROXY'), 'CVE-2016-5385')
    },
  ),
  createProperty('ENV-3 a client sets no variable but those that are its own', input, (given) => {
    const variables = create({ ...given, env: {} })
    if (variables === null) return
    for (const [name, value] of variables) {
      assert.doesNotMatch(value, /\0|[^\0-\xff]/)
      if (/^HTTP_[A-Z0-9_]+$/.test(name) || OWN_NAMES.has(name)) continue
      assert.equal(new Map(Object.entries(INHERITED)).get(name), value, name)
    }
    const { user, contentLength, request } = given
    for (const [name, value] of Object.entries(INHERITED)) assert.equal(variables.get(name), value)
    assert.equal(variables.has('REMOTE_USER'), Boolean(user))
    assert.equal(variables.has('AUTH_TYPE'), user?.type !== undefined)
    assert.equal(
      variables.get('CONTENT_LENGTH'),
      contentLength === undefined ? undefined : String(contentLength),
    )
    assert.equal(variables.get('REQUEST_METHOD'), request.method)
    assert.equal(variables.get('HTTPS'), request.scheme === 'https' ? 'on' : undefined)
    assert.equal(variables.get('PATH_INFO') ?? '', given.script.pathInfo)
  }),
  createProperty(
    'ENV-3 what the application sets wins, whatever a client sends',
    input,
    (given) => {
      const variables = create(given)
      if (variables === null) return
      for (const [name, value] of Object.entries(given.env)) {
        const made = variables.get(Buffer.from(name).toString('latin1'))
        // A lone surrogate has no bytes of its own.
        const bytes = Buffer.from(value).toString()
        assert.equal(fromByteString(made ?? '?'), bytes)
      }
    },
  ),
  createProperty(
    'BODY-6 a length is one number, or none',
    fc.tuple(requestFields, fc.constantFrom('1.0', '1.1', '2.0'), fieldValue, fc.nat({ max: 10 })),
    ([headers, httpVersion, length, limit]) => {
      const fields: HeaderField[] = [...headers, ['content-length', length]]
      let framing: ReturnType<typeof readFraming>
      try {
        framing = readFraming(createRequest({ headers: fields, httpVersion }), limit)
      } catch (error) {
        if (error instanceof CgiError && [400, 413, 501].includes(error.statusCode)) return
        throw error
      }
      const given = fields.filter(([name]) => /^content-length$/i.test(name))
      if (framing === 'chunked') {
        const codings = fields.filter(([name]) => /^transfer-encoding$/i.test(name))
        assert.ok(codings.every(([, value]) => /^chunked$/i.test(value)))
      } else {
        for (const [, value] of given) assert.equal(Number(value), framing)
        assert.ok(limit === 0 || Number(framing) <= limit)
      }
    },
  ),
]
