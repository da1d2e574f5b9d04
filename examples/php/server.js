import cgi from '@common-gateway/express'
import { fastcgi } from '@common-gateway/fastcgi'
import express from 'express'

const app = express()
const site = cgi({
  prefix: '/',
  root: `${import.meta.dirname}/public`,
  interpreters: { '.php': fastcgi('php-cgi') },
  index: ['index.php'],
  otherFiles: 'send',
})
app.use(site)

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})

process.once('SIGTERM', () => {
  server.close()
  void site.close()
})
