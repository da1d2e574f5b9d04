import assert from 'node:assert/strict'
import { type Case, HEADER } from '../case.js'

export const standardErrorCases: readonly Case[] = [
  {
    name: 'LOG-1 standard error before the header',
    upstreams: [(call) => void call.stderr('early\n').stdout(`${HEADER}whole`).end()],
    expected: { text: 'whole', log: ['early'] },
  },
  {
    name: 'LOG-1 standard error within a line of the header',
    upstreams: [
      (call) => {
        call.stdout('Content-Ty').stderr('in the line\n').stdout('pe: text/plain\n\nwhole').end()
      },
    ],
    expected: { text: 'whole', fields: { 'content-type': ['text/plain'] }, log: ['in the line'] },
  },
  {
    name: 'LOG-1 standard error between header and body, and in the body',
    upstreams: [
      (call) => {
        call.stdout(HEADER).stderr('one\n').stdout('who').stderr('two\n').stdout('le').end()
      },
    ],
    expected: { text: 'whole', log: ['one', 'two'] },
  },
  {
    name: 'LOG-1 standard error behind the end of STDOUT',
    upstreams: [
      (call) => void call.stdout(`${HEADER}whole`).stdout('').stderr('last\n').stderr('').end(),
    ],
    expected: { text: 'whole', log: ['last'] },
  },
  {
    name: 'LOG-1 a line of standard error in many records',
    upstreams: [
      (call) => {
        for (const byte of 'byte by byte\nnext\n') call.stderr(byte)
        call.stdout(`${HEADER}whole`).end()
      },
    ],
    expected: { text: 'whole', log: ['byte by byte', 'next'] },
  },
  {
    name: 'LOG-1 the last line of standard error without its end',
    upstreams: [(call) => void call.stdout(`${HEADER}whole`).stderr('no newline').end()],
    expected: { text: 'whole', log: ['no newline'] },
  },
  {
    name: 'LOG-1 an end of STDERR in the middle is not the end',
    upstreams: [
      (call) => void call.stderr('').stderr('behind\n').stdout(`${HEADER}whole`).stderr('').end(),
    ],
    expected: { text: 'whole', log: ['behind'] },
  },
  {
    name: 'LOG-1 a flood of standard error neither delays nor breaks the answer',
    upstreams: [
      (call) => {
        call.stdout(HEADER)
        for (let count = 0; count < 64; count += 1) call.stderr(`${'e'.repeat(16_383)}\n`)
        call.stdout('whole').end()
      },
    ],
    expected: { text: 'whole' },
  },
  {
    name: 'LOG-1 standard error goes to the log with the upstream, not to the client',
    upstreams: [(call) => void call.stderr('secret\n').end(1)],
    async play({ send, gateway, upstream }) {
      const answer = await send('/')
      assert.equal(answer.status, 502)
      assert.ok(!answer.text.includes('secret'))
      const line = await gateway.logged(({ message }) => message === 'secret')
      assert.ok(String(line['upstream']).includes(upstream.address.replace('unix:', '')))
    },
  },
]
