// An application that traces its runs by a module of the docs, given as argument, and prints the spans.
import cgi from '@common-gateway/fastify'
import { trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import Fastify from 'fastify'
import { subscribe } from 'node:diagnostics_channel'
import type { CgiRun } from '@common-gateway/core'

const exporter = new InMemorySpanExporter()
const spanProcessors = [new SimpleSpanProcessor(exporter)]
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }))
const [, , module = ''] = process.argv
const { traceRuns } = await import(module)
traceRuns(trace.getTracer('common-gateway'))

const runs: unknown[] = []
subscribe('common-gateway:run:end', (message) => {
  // The channel has messages of this type only.
  const { startTime, duration, pid } = message as CgiRun
  runs.push({ startTime, duration, pid })
})

const fastify = Fastify()
await fastify.register(cgi)
const origin = await fastify.listen({ port: 0 })
for (const name of ['hello.sh', 'fails.sh']) {
  await (await fetch(`${origin}/cgi-bin/${name}`)).text()
}
// It waits for the end of each run.
await fastify.close()

const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  attributes: span.attributes,
  status: span.status,
  startTime: span.startTime,
  duration: span.duration,
  scope: span.instrumentationScope.name,
}))
console.log(JSON.stringify({ spans, runs }))
