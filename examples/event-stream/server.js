import cgi from '@common-gateway/express'
import express from 'express'

const app = express()
// Each listener is a process, so that streams have a mount of their own.
const streams = cgi({ root: `${import.meta.dirname}/cgi-bin`, maxProcesses: 200 })
app.use('/cgi-bin', streams)
app.use(express.static(`${import.meta.dirname}/public`))

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})

process.once('SIGTERM', () => {
  server.close()
  void streams.close()
})
