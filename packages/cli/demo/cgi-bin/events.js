#!/usr/bin/env node
// Sends the time each second, as server-sent events. It never ends by itself: when the client goes
// away, the gateway stops it.

console.log('Content-Type: text/event-stream')
console.log('Cache-Control: no-store')
console.log()

let id = 0

function send() {
  id += 1
  console.log(`id: ${id}\ndata: ${new Date().toISOString()}\n`)
}

send()
setInterval(send, 1000)
