import cgi from '@common-gateway/express'
import express from 'express'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { ORDINARY, type StartApplication } from './application.js'

export const startExpress: StartApplication = async (options) => {
  const app = express()
  app.get('/ordinary', (_request, response) => void response.type('text').send(ORDINARY))
  app.use(cgi(options))
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
