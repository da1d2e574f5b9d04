import assert from 'node:assert/strict'
import t from 'tap'
import type { Output, OutputReader } from '@common-gateway/core/transport'
import { RelayedOutput } from '@internal/fastcgi/upstream/relayed-output.js'

/** The output of one connection. */
class Source implements Output {
  reader: OutputReader | undefined
  state = 'new'

  readBy(reader: OutputReader): void {
    this.reader = reader
    this.state = 'paused'
  }

  pause(): void {
    this.state = 'paused'
  }

  resume(): void {
    this.state = 'flowing'
  }

  destroy(): void {
    this.state = 'destroyed'
  }
}

/** A relayed output, and the callbacks of its reader. */
function relay(): { output: RelayedOutput; events: string[]; begun: () => number } {
  let begun = 0
  const output = new RelayedOutput(() => {
    begun += 1
  })
  const events: string[] = []
  output.readBy({
    data: (chunk) => events.push(chunk.toString()),
    end: () => events.push('end'),
    error: ({ message }) => events.push(`error ${message}`),
  })
  return { output, events, begun: () => begun }
}

void t.test('UP-2 the output of a request goes on with the next connection', async () => {
  const { output, events, begun } = relay()
  const [first, second] = [new Source(), new Source()]
  output.readFrom(first)
  assert.equal(first.state, 'paused')
  output.resume()
  assert.equal(first.state, 'flowing')
  first.reader?.error(new Error('closed'))
  assert.deepEqual([events, begun()], [[], 0])
  output.readFrom(second)
  assert.equal(second.state, 'flowing')
  second.reader?.data(Buffer.from('answer'))
  second.reader?.end()
  assert.deepEqual([events, begun()], [['answer'], 1])
  output.finish(undefined)
  assert.deepEqual(events, ['answer', 'end'])
})

void t.test('UP-2 the end of a request waits for the last bytes of its output', async () => {
  const { output, events } = relay()
  const source = new Source()
  output.readFrom(source)
  output.finish(undefined)
  output.resume()
  assert.deepEqual(events, [])
  source.reader?.data(Buffer.from('last'))
  source.reader?.end()
  assert.deepEqual(events, ['last', 'end'])
})

void t.test('UP-2 a paused output keeps its end', async () => {
  const { output, events } = relay()
  const source = new Source()
  output.readFrom(source)
  source.reader?.end()
  output.finish(undefined)
  assert.deepEqual(events, [])
  output.resume()
  assert.deepEqual(events, ['end'])
})

void t.test('UP-2 an output that was never connected fails with its request', async () => {
  const { output, events } = relay()
  output.resume()
  output.cut(new Error('no upstream'))
  assert.deepEqual(events, ['error no upstream'])
})

void t.test('UP-2 a failure does not wait for the connection', async () => {
  const { output, events } = relay()
  const source = new Source()
  output.readFrom(source)
  output.resume()
  output.cut(new Error('killed'))
  output.finish(undefined)
  assert.deepEqual(events, ['error killed'])
})

void t.test('UP-2 a destroyed output calls nothing, also with the next connection', async () => {
  const { output, events } = relay()
  output.destroy()
  const source = new Source()
  output.readFrom(source)
  assert.equal(source.state, 'destroyed')
  source.reader?.data(Buffer.from('late'))
  output.resume()
  output.finish(undefined)
  assert.deepEqual(events, [])
})

void t.test('UP-2 a failure is behind the bytes that came before it', async () => {
  const { output, events } = relay()
  const source = new Source()
  output.readFrom(source)
  output.finish(new Error('closed'))
  output.finish(undefined)
  output.resume()
  source.reader?.data(Buffer.from('part'))
  source.reader?.error(new Error('ECONNRESET'))
  assert.deepEqual(events, ['part', 'error closed'])
})
