import type { Address } from './address.js'
import { connect, type ConnectOptions } from './connect.js'
import type { Connection, ConnectionUser } from './connection.js'
import { decodePairs, encodePair } from '../protocol/name-value-pair.js'
import {
  encodeRecord,
  GET_VALUES,
  GET_VALUES_RESULT,
  HEADER_SIZE,
  MANAGEMENT_ID,
  VERSION,
} from '../protocol/record.js'

/** No answer is longer: each name that was asked for, with a number. */
const LONGEST_ANSWER = 4 * 1024

/**
 * Asks an application for values of itself, such as `FCGI_MAX_CONNS` (FastCGI specification, section 4.1). It has a
 * connection of its own, since PHP closes the connection after the answer. An application that does not know the
 * question has no values.
 *
 * @param options - the time-out holds for the connection, and again for the answer.
 * @throws {Error} of the system, if it cannot be reached.
 */
export async function askValues(
  address: Address,
  names: readonly string[],
  options: ConnectOptions,
): Promise<ReadonlyMap<string, string>> {
  const connection = await connect(address, options)
  return new Promise((resolve) => {
    const settle = (values: ReadonlyMap<string, string>): void => {
      clearTimeout(timer)
      connection.destroy()
      resolve(values)
    }
    const timer = setTimeout(settle, options.timeout, new Map())
    ask(connection, names, settle)
  })
}

function ask(
  connection: Connection,
  names: readonly string[],
  settle: (values: ReadonlyMap<string, string>) => void,
): void {
  let received = Buffer.alloc(0)
  const user: ConnectionUser = {
    read(chunk) {
      received = Buffer.concat([received, chunk])
      const values = parseValues(received)
      if (values !== undefined) settle(values)
    },
    closed: () => settle(new Map()),
  }
  connection.use(user)
  const pairs = names.map((name) => encodePair(name, '')).join('')
  connection.write(encodeRecord(GET_VALUES, MANAGEMENT_ID, pairs))
}

/** Undefined where more bytes are needed. */
function parseValues(received: Buffer): ReadonlyMap<string, string> | undefined {
  if (received.length < HEADER_SIZE) return undefined
  const isResult = received.readUInt8(0) === VERSION && received.readUInt8(1) === GET_VALUES_RESULT
  const end = HEADER_SIZE + received.readUInt16BE(4)
  if (!isResult || end > LONGEST_ANSWER) return new Map()
  return received.length < end ? undefined : decodePairs(received.subarray(HEADER_SIZE, end))
}
