import cgi from '@common-gateway/fastify'
import Fastify from 'fastify'

const fastify = Fastify({ logger: true })
await fastify.register(cgi, { root: `${import.meta.dirname}/cgi-bin` })
fastify.get('/', async () => 'Scripts answer at /cgi-bin/greet.sh and /cgi-bin/forbidden.sh\n')

// Lets scripts finish.
process.once('SIGTERM', () => void fastify.close())

const address = await fastify.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`${address}/`)
