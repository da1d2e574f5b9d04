import { CgiError } from '@common-gateway/core'
import { findMount, takeMount, toOriginForm } from '@common-gateway/core/adapter'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { createRequest } from '../core/requests.js'
import { parseRequestTarget } from '@internal/core/request/target.js'
import { authorityOf, splitQuery } from '@internal/core/request/url-path.js'
import { createProperty, type Property } from './property.js'
import { host, requestFields } from './request-fields.js'
import { byteString, mutated } from './text.js'

const PARTS = [
  '/',
  '//',
  '/cgi-bin',
  '/%63gi-bin',
  '/%2563gi-bin',
  '/cgi-bin.',
  '/%e4%b8%96',
  '/\xe4\xb8\x96',
  '/%',
  '/%2f',
  '/a.cgi',
  '/..',
  '?',
  '?a=b',
  '??',
  '#',
  '*',
  'http://',
  'http://www.example.org',
  'HTTPS://user@[::1]:80',
  'mailto:a',
  ':',
  '@',
  '\\',
]

/** A request-target in every form (RFC 9112 section 3.2), and in none. */
const target = fc.oneof(
  {
    weight: 4,
    arbitrary: mutated(
      fc.array(fc.constantFrom(...PARTS), { maxLength: 5 }).map((parts) => parts.join('')),
    ),
  },
  { weight: 1, arbitrary: byteString(12) },
)
const prefix = fc.constantFrom('', '/cgi-bin', '/cgi-bin/a.cgi', '/世', '/a/b/c')

/** A Host field in most cases, or two, or none. */
const fields = fc
  .tuple(requestFields, fc.array(host, { maxLength: 2 }))
  .map(([others, hosts]) => [...others, ...hosts.map((value) => ['Host', value] as const)])

export const requestTargetProperties: readonly Property[] = [
  createProperty(
    'MAP-3 a request-target is read, or refused with 400',
    fc.tuple(target, target, fields, fc.option(host, { nil: undefined })),
    ([url, originalUrl, headers, seenHost]) => {
      let read: ReturnType<typeof parseRequestTarget>
      try {
        read = parseRequestTarget(createRequest({ url, originalUrl, headers, host: seenHost }))
      } catch (error) {
        if (error instanceof CgiError && error.statusCode === 400) return
        throw error
      }
      if (read === null) {
        assert.equal(url, '*')
        return
      }
      const { path, query, hostname } = read
      assert.ok(path.startsWith('/') && !/[?#]/.test(path) && !query.includes('#'))
      assert.ok(url === path + (url.includes('?') ? `?${query}` : query))
      const hosts = headers.filter(([name]) => /^host$/i.test(name))
      assert.ok(hosts.length < 2)
      for (const [, value] of hosts) assert.doesNotMatch(value, /[\0-\x20/?#@\\\x7f-\xff]/)
      // SERVER_NAME ends up in links that scripts make.
      if (hostname !== undefined)
        assert.match(hostname, /^(?:\[[\w.:%~-]+\]|[\w.~!$&'()*+,;=%-]+)$/)
    },
  ),
  createProperty('MAP-1 the origin form of a target is a path, and stays', target, (given) => {
    const origin = toOriginForm(given)
    assert.ok(
      given.endsWith(origin) || origin === `/${given.slice(given.length - origin.length + 1)}`,
    )
    assert.equal(toOriginForm(origin.startsWith('/') ? origin : `/${origin}`).at(0), '/')
    // Where parsers would disagree about the authority, it stays.
    if (authorityOf(given) !== undefined && origin !== given) assert.match(origin, /^[/#]/)
    const [path, query] = splitQuery(given)
    assert.ok(!path.includes('?'))
    assert.equal(given.includes('?') ? `${path}?${query}` : path, given)
  }),
  createProperty(
    'MAP-1 a mount is the beginning of a path, and as deep as its prefix',
    fc.tuple(target, prefix, fc.nat({ max: 5 })),
    ([given, wanted, depth]) => {
      const taken = takeMount(given, depth)
      assert.ok(given.startsWith(taken) && !/[?#]/.test(taken))
      assert.ok(taken.split('/').filter((segment) => segment !== '').length <= depth)
      let mount: string | null
      try {
        mount = findMount(given, wanted)
      } catch (error) {
        if (error instanceof CgiError && error.statusCode === 400) return
        throw error
      }
      if (mount === null) return
      assert.ok(given.startsWith(mount))
      // A longer name is another: nothing of a segment is left.
      assert.match(given.slice(mount.length), /^(?:$|[/?#])/)
      // Raw bytes of the path are not those of the prefix, but what Node gives for them.
      if (/[^\0-\x7f]/.test(mount)) return
      assert.equal(decodeURIComponent(mount).replace(/\/{2,}/g, '/'), wanted)
    },
  ),
]
