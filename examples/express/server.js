import cgi from '@common-gateway/express'
import express from 'express'

const app = express()
const tools = cgi({ root: `${import.meta.dirname}/tools`, interpreters: { '.py': 'python3' } })
app.use('/tools', tools)
app.get('/', (request, response) => {
  response.send(
    '<form action="/tools/add.py"><input name="a"> + <input name="b"> <button>=</button></form>',
  )
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})

process.once('SIGTERM', () => {
  server.close()
  // Lets scripts finish.
  void tools.close()
})
