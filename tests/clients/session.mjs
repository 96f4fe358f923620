/** As whom does a client ask, and how does it tell the test what it saw? */

import { createClient } from "graphql-ws";
import WebSocket from "ws";

/** @type {{ url: string, token: string }} */
export const { url, token } = JSON.parse(process.env.CLIENT_SESSION ?? "{}");

export const authorization = `Bearer ${token}`;

export const input = { provider: /** @type {const} */ ("MICROSOFT_LEARN") };

/**
 * Tell the test what was seen, a line of JSON at a time.
 *
 * When it reads `signInAt`, it signs the person in there.
 *
 * @param {Record<string, unknown>} seen
 */
export function report(seen) {
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

/** Open a websocket when the first operation needs it, and close it after the last. */
export function websocket() {
  return createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
  });
}
