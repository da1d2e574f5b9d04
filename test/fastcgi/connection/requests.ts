import type { Output } from '@common-gateway/core/transport'
import type { Address } from '@internal/fastcgi/connection/address.js'
import { connect } from '@internal/fastcgi/connection/connect.js'
import type { Connection } from '@internal/fastcgi/connection/connection.js'
import type { Exchange, ExchangeCall } from '@internal/fastcgi/connection/exchange.js'
import { openExchange } from '@internal/fastcgi/connection/open-exchange.js'
import type { Test } from 'tap'
import { type Behaviour, type Listening, ScriptedUpstream } from '../scripted-upstream.js'

const ENVIRONMENT = {
  GATEWAY_INTERFACE: 'CGI/1.1',
  QUERY_STRING: '',
  REMOTE_ADDR: '127.0.0.1',
  REQUEST_METHOD: 'GET',
  REQUEST_URI: '/',
  SCRIPT_NAME: '/',
  SERVER_NAME: 'localhost',
  SERVER_PORT: '80',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_SOFTWARE: 'test',
}

/** Starts an application that is stopped with the test. */
export async function start(
  t: Test,
  answer: NonNullable<Behaviour['answer']>,
  listening?: Listening,
): Promise<{ upstream: ScriptedUpstream; address: Address }> {
  const upstream = await new ScriptedUpstream({ answer }, listening).start()
  t.after(() => upstream.stop())
  const [host = '', port] = upstream.address.split(':')
  const address = port === undefined ? { path: host } : { host, port: Number(port) }
  return { upstream, address }
}

/** Connects; the connection is closed with the test. */
export async function open(t: Test, address: Address): Promise<Connection> {
  const connection = await connect(address, { timeout: 5_000 })
  t.after(() => connection.destroy())
  return connection
}

/** Sends a request. A number is the length of its body. */
export function send(
  connection: Connection,
  { body, environment, ...call }: Partial<ExchangeCall> & { readonly body?: number } = {},
): Exchange {
  const length = body === undefined ? {} : { CONTENT_LENGTH: String(body) }
  return openExchange(connection, {
    environment: { ...ENVIRONMENT, ...length, ...environment },
    protocol: 'fastcgi',
    keepConnection: true,
    hasBody: body !== undefined,
    ...call,
  })
}

/** Reads an output to its end. Rejects where it fails. */
export function read(output: Output): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    output.readBy({
      data: (chunk) => chunks.push(chunk),
      end: () => resolve(Buffer.concat(chunks)),
      error: reject,
    })
    output.resume()
  })
}

/** The text of an output. */
export async function text(output: Output): Promise<string> {
  return (await read(output)).toString('latin1')
}
