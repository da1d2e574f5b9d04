import {
  CgiError,
  type CgiHandler,
  createCgiHandler,
  createErrorPage,
  createMetrics,
  isLocalRedirect,
} from '@common-gateway/core'
import { Exchange, takeMount, toOriginForm } from '@common-gateway/core/adapter'
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  RegisterOptions,
} from 'fastify'
import plugin from 'fastify-plugin'
import { showErrorPage } from './error-page.js'
import { addGateway, checkOptions, checkRegistered, chooseMount } from './gateways.js'
import {
  acceptAnyContentType,
  addMethods,
  passBodiesThrough,
  ownError,
  replacedBodyOf,
} from './pass-through.js'
import { clearReply, keepLists, sendReply } from './reply.js'
import { decorateRequests, keepExchange } from './request-run.js'
import { spellingsOf } from './slashes.js'
import type { CgiPluginOptions } from './types.js'

export type { CgiRun, CgiStandardErrorLine, CgiStats, CgiUser, CgiWait } from '@common-gateway/core'
export type { CgiPluginOptions } from './types.js'

/**
 * CGI scripts as a Fastify plugin: `fastify.register(cgi)` serves `./cgi-bin` at `/cgi-bin/`; with a prefix, its
 * own or that of the plugin around it, it serves the scripts there. A request for anything else goes to the
 * not-found handler, and a failure to the error handler.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
const cgiPlugin: FastifyPluginAsync<CgiPluginOptions> = async (fastify, registered) => {
  checkRegistered(fastify)
  // Fastify passes its own options together with the plugin's; they belong to the scope of the routes.
  const { prefix, logLevel, logSerializers, ...options } = registered as CgiPluginOptions &
    RegisterOptions
  checkOptions(options)
  const handler = createCgiHandler<FastifyRequest>(options)
  const mount = chooseMount(fastify, prefix, handler.prefix)
  decorateRequests(fastify)
  addGateway(fastify, mount, handler)
  for (const place of spellingsOf(fastify, mount)) {
    const own = { prefix: place, logLevel, logSerializers } as RegisterOptions
    await fastify.register(async (scope) => serve(scope, handler), own)
  }
}

/** Route options that other Fastify plugins read. */
const PLUGIN_OPTIONS = {
  // @fastify/compress: bodies reach scripts as they were sent, with their Content-Encoding.
  decompress: false,
  // @fastify/swagger: only the scripts know their methods and paths. The plugin adds `hide` to the type.
  schema: { hide: true } as FastifySchema,
}

/** Serves scripts in a Fastify scope of their own. */
function serve(fastify: FastifyInstance, handler: CgiHandler<FastifyRequest>): void {
  const depth = fastify.prefix.split('/').filter((segment) => segment !== '').length
  passBodiesThrough(fastify)
  const method = addMethods(fastify)
  const route = { ...PLUGIN_OPTIONS, handler: answer, preParsing: acceptAnyContentType }
  for (const url of ['/', '/*']) fastify.route({ ...route, method, url, onSend: keepLists })
  // Fastify limits preClose hooks by its pluginTimeout, which scripts may well exceed, but not onClose hooks.
  let isClosing = false
  fastify.addHook('preClose', async () => {
    isClosing = true
    void handler.close()
  })
  fastify.addHook('onClose', () => handler.close())
  if (handler.errorPage) showErrorPage(fastify)
  fastify.addHook('onError', clearReply)

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = open(request, reply)
    const { signal } = exchange.request
    // A connection that is kept open would keep the server from closing.
    exchange.endConnectionIf(() => isClosing)
    try {
      const result = await handler.handle(exchange.request)
      if (result === null) {
        exchange.pass()
        reply.callNotFound()
      } else if (result.type === 'response') {
        await sendReply(result, exchange, reply)
      } else {
        reply.hijack()
        if (result.type === 'non-parsed') await exchange.send(result)
        else exchange.redirect(result, (next) => fastify.routing(next, reply.raw))
      }
    } catch (error) {
      if (!signal.aborted && !reply.sent) throw ownError(error)
      if (!signal.aborted) request.log.error({ err: error }, 'the script failed')
      reply.hijack()
      reply.raw.destroy()
    }
    return reply
  }

  function open(request: FastifyRequest, reply: FastifyReply): Exchange<FastifyRequest> {
    const { raw, ip, protocol, host, log: logger } = request
    const mount = takeMount(toOriginForm(raw.url ?? '/'), depth)
    const body = replacedBodyOf(request)
    const view = { mount, remoteAddress: ip, scheme: protocol, host, body, logger, native: request }
    return keepExchange(request, new Exchange(raw, reply.raw, view))
  }
}

/** The plugin, to be registered: `await fastify.register(cgi, { root: './scripts' })`. */
export const cgi = plugin(cgiPlugin, {
  fastify: '5.x',
  name: '@common-gateway/fastify',
})

/**
 * The value of `require()`: the plugin itself, with everything that this module exports. Each adapter has its own list,
 * since it must be that of its own `export`.
 */
const commonjs = Object.assign(cgi, {
  cgi,
  default: cgi,
  CgiError,
  createErrorPage,
  createMetrics,
  isLocalRedirect,
})
export {
  cgi as default,
  CgiError,
  commonjs as 'module.exports',
  createErrorPage,
  createMetrics,
  isLocalRedirect,
}
