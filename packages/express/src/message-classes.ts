import { IncomingMessage, ServerResponse } from 'node:http'

/** The part of an Express application that is used: the prototypes that it sets on each request and response. */
export interface ApplicationPrototypes {
  /** The prototype of requests: `app.request` of Express 4 and 5. */
  readonly request: object
  /** The prototype of responses: `app.response` of Express 4 and 5. */
  readonly response: object
}

/** Options of `createServer()` of node:http and node:https. */
export interface MessageClasses {
  /** The class of requests. */
  readonly IncomingMessage: typeof IncomingMessage
  /** The class of responses. */
  readonly ServerResponse: typeof ServerResponse
}

/** Whether V8 shares hidden classes among objects that get the same prototype later. */
const SHARES_HIDDEN_CLASSES = Number(process.versions.node.split('.', 1)[0]) >= 24

/**
 * Makes Express faster on Node.js 20 and 22: requests and responses are created with the prototypes that Express
 * would set later.
 *
 * ```js
 * import { createServer } from 'node:http'
 * createServer(messageClasses(app), app).listen(3000)
 * ```
 *
 * Express calls `Object.setPrototypeOf(request, app.request)`. In V8 before Node.js 24, each property that an object
 * gets after that gives it a hidden class of its own, and all code that reads the object is slow. The call changes
 * nothing where the object has that prototype already. From Node.js 24 on, the classes are those of node:http.
 *
 * With node:https: `createServer({ key, cert, ...messageClasses(app) }, app)`. An application that is mounted in
 * `app` sets its own prototypes, as before.
 *
 * Code that runs before `app` sees these prototypes, too: it cannot assign what Express defines by a getter
 * (`request.path`, `request.ip`; `request.query` in Express 5).
 *
 * @param app - an application of Express 4 or 5.
 * @returns options for `createServer()`, to be combined with others.
 * @throws {TypeError} if `app` is not an Express application.
 */
export function messageClasses(app: ApplicationPrototypes): MessageClasses {
  return {
    IncomingMessage: withPrototype(IncomingMessage, app?.request, 'request'),
    ServerResponse: withPrototype(ServerResponse, app?.response, 'response'),
  }
}

/** Returns a class whose instances differ from those of `Base` by their prototype alone. */
function withPrototype<Class extends typeof IncomingMessage | typeof ServerResponse>(
  Base: Class,
  prototype: object,
  name: string,
): Class {
  // `instanceof` also refuses the prototypes of another framework.
  if (!((prototype as unknown) instanceof Base)) {
    throw new TypeError(
      `Expected an Express application, got a value without a prototype \`${name}\``,
    )
  }
  if (SHARES_HIDDEN_CLASSES) return Base
  // The classes of node:http are functions in these versions. With Reflect.construct(), V8 of Node.js 20 gives each
  // object a hidden class, too.
  function Message(this: object, ...parameters: unknown[]): void {
    Reflect.apply(Base, this, parameters)
  }
  Message.prototype = prototype
  // node:http calls it with `new`, as `Base`.
  return Object.setPrototypeOf(Message, Base) as Class
}
