import {
  CgiError,
  CountedSlots,
  type ScriptCall,
  type ScriptExit,
  type ScriptStreams,
  toOutput,
  type Transport,
  type UpstreamStats,
} from '@common-gateway/core/transport'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'

const HEADER = 'Content-Type: application/json\n\n'
export const ECHO_STATS: UpstreamStats = {
  name: 'echo 1',
  state: 'up',
  busy: 0,
  idle: 1,
  maxConnections: 1,
  requests: 2,
  failures: 0,
  retries: 0,
}

/** Answers in this process, in the place of an application server, with the variables of the request. */
export class EchoTransport implements Transport {
  readonly inheritsEnvironment = false
  readonly slots = new CountedSlots(1)
  readonly calls: ScriptCall[] = []
  closed = 0

  async open(call: ScriptCall): Promise<ScriptStreams> {
    this.calls.push(call)
    const query = call.environment['QUERY_STRING'] ?? ''
    if (query.startsWith('CGI_ERR_')) {
      // The test writes a code of CgiError there.
      const code = query as CgiError['code']
      throw new CgiError(code, { fault: 'ECONNREFUSED', upstream: '127.0.0.1:9' })
    }
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    let end: (exit: ScriptExit) => void = () => {}
    const exit = new Promise<ScriptExit>((resolve) => {
      end = resolve
    })
    const streams = {
      pid: 41,
      upstream: 'echo 1',
      stdin,
      stdout: toOutput(stdout),
      stderr: toOutput(stderr),
      exit,
      async terminate() {
        stdout.destroy()
        stderr.destroy()
        end({ exitCode: null, signal: 'SIGTERM' })
      },
    }
    if (query === 'fault') {
      setImmediate(() => stdout.destroy(new CgiError('CGI_ERR_UPSTREAM_PROTOCOL')))
    } else if (query !== 'hang') {
      void buffer(stdin).then((body) => {
        if (query === 'again') Object.assign(streams, { pid: 42, upstream: 'echo 2' })
        stderr.end(query === 'error' ? 'an error\n' : '')
        stdout.end(HEADER + JSON.stringify({ ...call.environment, body: body.toString() }))
        end({ exitCode: 0, signal: null })
      })
    }
    return streams
  }

  stats(): readonly UpstreamStats[] {
    return [ECHO_STATS]
  }

  async close(): Promise<void> {
    this.closed += 1
  }
}
