import cgi, { messageClasses } from '@common-gateway/express'
import express from 'express'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type ApplicationOptions, ORDINARY, type StartApplication } from './application.js'

function createApplication(options: ApplicationOptions): express.Express {
  const app = express()
  app.get('/ordinary', (_request, response) => void response.type('text').send(ORDINARY))
  app.use(cgi(options))
  return app
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export const startExpress: StartApplication = (options) =>
  listen(createServer(createApplication(options)))

/** As docs/express.md advises. */
export const startExpressWithClasses: StartApplication = (options) => {
  const app = createApplication(options)
  return listen(createServer(messageClasses(app), app))
}
