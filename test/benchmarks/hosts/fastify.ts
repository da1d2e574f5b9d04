import cgi from '@common-gateway/fastify'
import Fastify from 'fastify'
import { ORDINARY, type StartApplication } from './application.js'

export const startFastify: StartApplication = async (options) => {
  const fastify = Fastify()
  fastify.get('/ordinary', () => ORDINARY)
  await fastify.register(cgi, options)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify.server
}
