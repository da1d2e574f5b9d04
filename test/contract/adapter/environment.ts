import { strict as assert } from 'node:assert'
import type { IncomingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import path from 'node:path'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { exchange, fields, send, type Sending } from '../../support/client.js'
import { CGI_BIN, readReport, type Report } from '../../support/fixtures.js'
import { http1TestOf } from '../http1.js'

/** What a script sees of a request. */
export function environmentSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`ENV (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    async function report(url: string, sending?: Sending, at = gateway): Promise<Report> {
      const answer = await send(at, url, sending)
      assert.equal(answer.status, 200, answer.text)
      return readReport(answer.text)
    }

    /** The variables of a request that is sent byte by byte as given. */
    async function reportOf(request: string, at = gateway): Promise<Report['variables']> {
      const response = await exchange(at, request)
      assert.match(response, /^HTTP\/1\.1 200 /)
      return readReport(response.slice(response.indexOf('\r\n\r\n'))).variables
    }

    void t.test('ENV-1 sets the variables of RFC 3875 and those that scripts expect', async () => {
      const { variables } = await report('/cgi-bin/report.cgi/p%20q?a=%20b&c', {
        method: 'POST',
        headers: ['Content-Type', 'text/x-test; a=b'],
        body: 'body',
      })
      const port = String(gateway.port)
      const expected: Record<string, string> = {
        CONTENT_LENGTH: '4',
        CONTENT_TYPE: 'text/x-test; a=b',
        DOCUMENT_ROOT: CGI_BIN,
        GATEWAY_INTERFACE: 'CGI/1.1',
        PATH_INFO: '/p q',
        PATH_TRANSLATED: path.join(CGI_BIN, 'p q'),
        QUERY_STRING: 'a=%20b&c',
        REDIRECT_STATUS: '200',
        REMOTE_ADDR: '127.0.0.1',
        REMOTE_HOST: '127.0.0.1',
        REQUEST_METHOD: 'POST',
        REQUEST_SCHEME: adapter.scheme,
        REQUEST_URI: '/cgi-bin/report.cgi/p%20q?a=%20b&c',
        SCRIPT_FILENAME: path.join(CGI_BIN, 'report.cgi'),
        SCRIPT_NAME: '/cgi-bin/report.cgi',
        SERVER_ADDR: '127.0.0.1',
        SERVER_NAME: '127.0.0.1',
        SERVER_PORT: port,
        SERVER_PROTOCOL: adapter.httpVersion === 1 ? 'HTTP/1.1' : 'HTTP/2.0',
      }
      for (const [name, value] of Object.entries(expected)) {
        assert.equal(variables.get(name), value, name)
      }
      assert.match(variables.get('SERVER_SOFTWARE') ?? '', /^CommonGateway\/\d/)
      assert.match(variables.get('REMOTE_PORT') ?? '', /^\d+$/)
      assert.equal(variables.get('HTTPS'), adapter.scheme === 'https' ? 'on' : undefined)
      for (const name of ['AUTH_TYPE', 'REMOTE_USER', 'REDIRECT_URL']) {
        assert.equal(variables.has(name), false, name)
      }
    })

    void t.test('ENV-1 sets what is only there with a request like it', async () => {
      const { variables } = await report('/cgi-bin/report.cgi')
      for (const name of ['CONTENT_LENGTH', 'CONTENT_TYPE', 'PATH_INFO', 'PATH_TRANSLATED']) {
        assert.equal(variables.has(name), false, name)
      }
      assert.equal(variables.get('QUERY_STRING'), '')
    })

    void t.test(
      'ENV-2 makes HTTP_* of headers, and leaves out what is not for scripts',
      async () => {
        const { variables } = await report('/cgi-bin/report.cgi', {
          headers: fields(
            'X-Twice: a',
            'x-twice: b',
            'Cookie: c=1',
            'Cookie: d=2',
            'Proxy: http://evil',
            'PROXY: http://evil',
            'Authorization: Basic eA==',
            'Proxy-Authorization: Basic eA==',
            'Content_Length: 5',
            'X_Underscore: u',
            'X.Dot: d',
            'TE: trailers',
            'Keep-Alive: 5',
            'Connection: close',
            'Path: /evil',
            'X-Empty: ',
          ),
        })
        const fromHeaders = [...variables].filter(([name]) => name.startsWith('HTTP_'))
        assert.deepEqual(
          new Map(fromHeaders),
          new Map([
            ['HTTP_COOKIE', 'c=1; d=2'],
            ['HTTP_HOST', `127.0.0.1:${gateway.port}`],
            ['HTTP_PATH', '/evil'],
            ['HTTP_X_EMPTY', ''],
            ['HTTP_X_TWICE', 'a, b'],
          ]),
        )
        assert.equal(variables.get('CONTENT_LENGTH'), undefined)
        assert.equal(variables.get('PATH'), process.env['PATH'])
      },
    )

    void t.test('ENV-2 hands on credentials and underscores only when told to', async (t) => {
      const open = await adapter.start({
        options: { root: CGI_BIN, passAuthorization: true, underscoreHeaders: 'allow' },
      })
      t.after(() => open.close())
      const headers = ['Authorization', 'Basic eA==', 'X_A', 'u', 'X-B', 'dash', 'X_B', 'under']
      const { variables } = await report('/cgi-bin/report.cgi', { headers }, open)
      assert.equal(variables.get('HTTP_AUTHORIZATION'), 'Basic eA==')
      assert.equal(variables.get('HTTP_X_A'), 'u')
      assert.equal(variables.get('HTTP_X_B'), 'dash')
    })

    void t.test("ENV-3 does not inherit the host's environment", async (t) => {
      process.env['GATEWAY_TEST_SECRET'] = 'secret'
      process.env['GATEWAY_TEST_SHARED'] = 'shared'
      t.after(() => {
        delete process.env['GATEWAY_TEST_SECRET']
        delete process.env['GATEWAY_TEST_SHARED']
      })
      const own = await adapter.start({
        options: {
          root: CGI_BIN,
          inheritEnv: ['GATEWAY_TEST_SHARED'],
          env: { SERVER_SOFTWARE: 'mine', OWN: 'ünï' },
        },
      })
      t.after(() => own.close())
      const answer = await send(own, '/cgi-bin/report.cgi')
      const { variables } = readReport(answer.bytes.toString('utf8'))
      assert.equal(variables.get('GATEWAY_TEST_SECRET'), undefined)
      assert.equal(variables.get('GATEWAY_TEST_SHARED'), 'shared')
      assert.equal(variables.get('SERVER_SOFTWARE'), 'mine')
      assert.equal(variables.get('OWN'), 'ünï')
      assert.equal(variables.get('PATH'), process.env['PATH'])
      assert.equal(variables.get('HOME'), undefined)
    })

    void t.test(
      "ENV-3 takes variables from a function of the framework's own request",
      async (t) => {
        const env = (request: { headers: IncomingHttpHeaders }): Record<string, string> => ({
          FROM_REQUEST: String(request.headers['x-test']),
        })
        const own = await adapter.start({ options: { root: CGI_BIN, env } })
        t.after(() => own.close())
        const headers = ['X-Test', 'value']
        const { variables } = await report('/cgi-bin/report.cgi', { headers }, own)
        assert.equal(variables.get('FROM_REQUEST'), 'value')
      },
    )

    void t.test(
      'ENV-3 answers 500 where such a function gives what no environment can hold',
      async (t) => {
        const own = await adapter.start({ options: { root: CGI_BIN, env: () => ({ 'A=B': 'c' }) } })
        t.after(() => own.close())
        assert.equal((await send(own, '/cgi-bin/report.cgi')).status, 500)
        const record = await own.logged(({ code }) => code === 'CGI_ERR_ENVIRONMENT')
        assert.match(String(record['reason']), /"A=B"/)
      },
    )

    void t.test('ENV-4 trusts a proxy only if the framework does', async (t) => {
      const headers = fields(
        'X-Forwarded-For: 192.0.2.7',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: www.example.org:8443',
      )
      const stranger = await adapter.start({
        options: { root: CGI_BIN },
        trustProxy: '192.0.2.0/24, 2001:db8::/32',
      })
      t.after(() => stranger.close())
      for (const at of [gateway, stranger]) {
        const own = await report('/cgi-bin/report.cgi', { headers }, at)
        assert.equal(own.variables.get('REMOTE_ADDR'), '127.0.0.1')
        assert.equal(own.variables.get('REQUEST_SCHEME'), adapter.scheme)
        assert.equal(own.variables.get('SERVER_PORT'), String(at.port))
        assert.equal(own.variables.get('HTTP_HOST'), `127.0.0.1:${at.port}`)
      }
      for (const trustProxy of [true, 'loopback', '10.0.0.1, 127.0.0.0/8']) {
        const behind = await adapter.start({ options: { root: CGI_BIN }, trustProxy })
        t.after(() => behind.close())
        const { variables } = await report('/cgi-bin/report.cgi', { headers }, behind)
        assert.equal(variables.get('REMOTE_ADDR'), '192.0.2.7')
        assert.equal(variables.get('HTTPS'), 'on')
        assert.equal(variables.get('REQUEST_SCHEME'), 'https')
        assert.equal(variables.get('SERVER_NAME'), 'www.example.org')
        assert.equal(variables.get('SERVER_PORT'), '8443')
        assert.equal(variables.get('HTTP_HOST'), 'www.example.org:8443')
      }
    })

    http1Test(t, 'ENV-4 a trusted proxy names the host where there is no Host field', async (t) => {
      const behind = await adapter.start({ options: { root: CGI_BIN }, trustProxy: true })
      t.after(() => behind.close())
      const line = 'GET /cgi-bin/report.cgi HTTP/1.0\r\n'
      const named = await reportOf(`${line}X-Forwarded-Host: www.example.org\r\n\r\n`, behind)
      assert.equal(named.get('HTTP_HOST'), 'www.example.org')
      assert.equal(named.get('SERVER_NAME'), 'www.example.org')
      assert.equal((await reportOf(`${line}\r\n`, behind)).get('HTTP_HOST'), undefined)
    })

    void t.test('ENV-4 what a trusted proxy says is checked', async (t) => {
      const behind = await adapter.start({ options: { root: CGI_BIN }, trustProxy: true })
      t.after(() => behind.close())
      const seen = async (...lines: string[]): Promise<Report['variables']> =>
        (await report('/cgi-bin/report.cgi', { headers: fields(...lines) }, behind)).variables

      for (const [said, address] of [
        ['203.0.113.9:51234', '203.0.113.9'],
        ['203.0.113.9', '203.0.113.9'],
        ['[2001:db8::1]:443', '2001:db8::1'],
        ['[2001:db8::1]', '2001:db8::1'],
        ['2001:db8::1', '2001:db8::1'],
        ['"[2001:db8::1]:443"', '2001:db8::1'],
        ['::ffff:203.0.113.9', '203.0.113.9'],
        ['[::ffff:203.0.113.9]:80', '203.0.113.9'],
        ['unknown', '127.0.0.1'],
        ['_hidden', '127.0.0.1'],
        ['203.0.113', '127.0.0.1'],
        ['999.0.0.1:80', '127.0.0.1'],
        ['2001:db8::1:::443', '127.0.0.1'],
        ['[203.0.113.9', '127.0.0.1'],
        ['www.example.org', '127.0.0.1'],
        ['', '127.0.0.1'],
      ] as const) {
        const variables = await seen(`X-Forwarded-For: ${said}`)
        assert.equal(variables.get('REMOTE_ADDR'), address, said)
        assert.equal(variables.get('REMOTE_HOST'), address, said)
      }

      for (const [said, scheme] of [
        ['HTTPS', 'https'],
        ['Https', 'https'],
        ['HTTP', 'http'],
        ['wss', adapter.scheme],
        ['javascript', adapter.scheme],
        ['', adapter.scheme],
      ] as const) {
        const variables = await seen(`X-Forwarded-Proto: ${said}`)
        assert.equal(variables.get('REQUEST_SCHEME'), scheme, said)
        assert.equal(variables.get('HTTPS'), scheme === 'https' ? 'on' : undefined, said)
      }

      for (const [said, name, port] of [
        ['www.example.org', 'www.example.org', '443'],
        ['www.example.org:8443', 'www.example.org', '8443'],
        ['[2001:db8::7]:8443', '[2001:db8::7]', '8443'],
        ['127.0.0.1', '127.0.0.1', '443'],
      ] as const) {
        const variables = await seen(`X-Forwarded-Host: ${said}`, 'X-Forwarded-Proto: https')
        assert.equal(variables.get('HTTP_HOST'), said)
        assert.equal(variables.get('SERVER_NAME'), name)
        assert.equal(variables.get('SERVER_PORT'), port, said)
      }
      const headers = fields('X-Forwarded-Host: a/b')
      assert.equal((await send(behind, '/cgi-bin/report.cgi', { headers })).status, 400)
    })

    void t.test('ENV-4 sets the user that the application has made sure of', async (t) => {
      const seen = await report('/cgi-bin/report.cgi', { headers: ['Authorization', 'Basic dTpw'] })
      assert.equal(seen.variables.get('REMOTE_USER'), undefined)
      assert.equal(seen.variables.get('AUTH_TYPE'), undefined)
      const authenticate = async (request: { headers: IncomingHttpHeaders }) =>
        request.headers['x-user'] === undefined
          ? null
          : { type: 'Basic', user: String(request.headers['x-user']) }
      const own = await adapter.start({ options: { root: CGI_BIN, authenticate } })
      t.after(() => own.close())
      const { variables } = await report('/cgi-bin/report.cgi', { headers: ['X-User', 'ann'] }, own)
      assert.equal(variables.get('REMOTE_USER'), 'ann')
      assert.equal(variables.get('AUTH_TYPE'), 'Basic')
      const anonymous = await report('/cgi-bin/report.cgi', {}, own)
      assert.equal(anonymous.variables.get('REMOTE_USER'), undefined)
    })

    void t.test('ENV-5 makes arguments of a query only when told to', async (t) => {
      assert.deepEqual((await report('/cgi-bin/report.cgi?-s+x')).arguments, [])
      const indexed = await adapter.start({ options: { root: CGI_BIN, indexQuery: true } })
      t.after(() => indexed.close())
      const cases = [
        ['?one+t%77o', 'GET', ['one', 'two']],
        ['?one=two', 'GET', []],
        ['?one+t%77o', 'POST', []],
        ['', 'GET', []],
      ] as const
      for (const [query, method, expected] of cases) {
        const seen = await report(`/cgi-bin/report.cgi${query}`, { method }, indexed)
        assert.deepEqual(seen.arguments, expected)
      }
    })

    void t.test("ENV-6 runs a script in its own folder, or in the option's", async (t) => {
      assert.equal(
        (await report('/cgi-bin/folder/report.cgi')).folder,
        path.join(CGI_BIN, 'folder'),
      )
      const elsewhere = await adapter.start({ options: { root: CGI_BIN, cwd: '/' } })
      t.after(() => elsewhere.close())
      assert.equal((await report('/cgi-bin/folder/report.cgi', {}, elsewhere)).folder, '/')
    })

    http1Test(t, 'ENV-7 hands bytes on as they were sent', async () => {
      const variables = await reportOf(
        'GET /cgi-bin/report.cgi/%C3%A9?q=%E9%C3%A9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' +
          'X-Latin1: \xe9\r\nX-Utf8: \xc3\xa9\r\nX-Mixed: %b.\\0\'"$\xff\xfe\r\n\r\n',
      )
      assert.equal(variables.get('PATH_INFO'), '/\xc3\xa9')
      assert.equal(variables.get('QUERY_STRING'), 'q=%E9%C3%A9')
      assert.equal(variables.get('HTTP_X_LATIN1'), '\xe9')
      assert.equal(variables.get('HTTP_X_UTF8'), '\xc3\xa9')
      assert.equal(variables.get('HTTP_X_MIXED'), '%b.\\0\'"$\xff\xfe')
    })

    http1Test(t, 'ENV-8 tells the port of the connection, and a name without one', async () => {
      const port = String(gateway.port)
      const cases = [
        ['HTTP/1.1\r\nHost: www.example.org:99\r\nConnection: close', 'www.example.org'],
        ['HTTP/1.1\r\nHost: [::1]:99\r\nConnection: close', '[::1]'],
        ['HTTP/1.1\r\nHost:\r\nConnection: close', '127.0.0.1'],
        ['HTTP/1.0', '127.0.0.1'],
      ] as const
      for (const [head, name] of cases) {
        const variables = await reportOf(`GET /cgi-bin/report.cgi ${head}\r\n\r\n`)
        assert.equal(variables.get('SERVER_NAME'), name, head)
        assert.equal(variables.get('SERVER_PORT'), port, head)
      }
    })

    // Some frameworks answer 404 themselves.
    const absoluteFormTest = adapter.refusesAbsoluteForm === true ? (): void => {} : http1Test
    absoluteFormTest(t, 'ENV-8 takes the host of a request-target in absolute form', async () => {
      const variables = await reportOf(
        'GET http://target.example/cgi-bin/report.cgi/p?q HTTP/1.1\r\nHost: host.example\r\n' +
          'Connection: close\r\n\r\n',
      )
      assert.equal(variables.get('SERVER_NAME'), 'target.example')
      assert.equal(variables.get('SCRIPT_NAME'), '/cgi-bin/report.cgi')
      assert.equal(variables.get('REQUEST_URI'), '/cgi-bin/report.cgi/p?q')
      assert.equal(variables.get('PATH_INFO'), '/p')
    })

    http1Test(t, 'ENV-8 refuses a Host that is no host', async () => {
      for (const host of ['a b', 'a/b', 'a@b', 'a:b', '[::1', 'a,b c', 'a"b']) {
        const request = `GET /cgi-bin/report.cgi HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
        assert.match(await exchange(gateway, request), /^HTTP\/1\.1 400 /, host)
      }
    })
  })
}
