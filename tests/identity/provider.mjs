/**
 * Issuers shaped like the ones that companies have, each a whole oidc-provider below a path of its own.
 *
 * A test makes one by a profile (see `SHAPE`) at /control/issuers and steers it at /control/KEY. What a client must send
 * is checked by oidc-provider; only where companies' issuers are stricter, by us.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { createServer } from "node:http";

import { CompactSign, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK } from "jose";
import Provider from "oidc-provider";

const SHAPE = {
  /** What follows the key in the issuer: Entra ID and B2C have more there. */
  path: "",
  /** Where the discovery document is, below the key; null: below the issuer, as the standard has it. */
  discovery: null,
  /** Whether people sign in at another origin than the issuer's. */
  isElsewhere: false,
  /** The algorithms that the issuer offers; it signs with the first. */
  algorithms: ["RS256"],
  /** How clients may authenticate at the token endpoint. */
  authMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  /** Where the claims about a person are: "id_token", "userinfo", or "both". */
  claimsIn: "both",
  /** The algorithm by which userinfo is signed; null: it is JSON. */
  userinfoAlgorithm: null,
  /** "public", or "pairwise": another subject for each client. */
  subjects: "public",
  /** When a client gets a refresh token: "offline_access" where it asks for it, "always", "never". */
  refresh: "offline_access",
  /** Whether there is an end_session_endpoint, and whether clients are told of its use. */
  endSession: true,
  backchannelLogout: true,
  /** Whether an assertion of a client must name its certificate (x5t#S256), as Entra ID wants it. */
  needsThumbprint: false,
  /** What becomes of the access tokens for an API: claims and header in the form of a certain issuer. */
  accessToken: { claims: {}, header: {} },
  /** The instant at which the issuer's clock stands, and by how many seconds it is ahead. */
  now: null,
  ahead: 0,
  /** The people, each by what they type into the sign-in page; `sub` and further claims, `id_token` and `userinfo` for one place alone. */
  accounts: {},
  /** Who signs in without being asked; null: whom login_hint names. */
  signsIn: null,
  /** Whether the page asks although login_hint names somebody. */
  asks: false,
  /** Where the issuer does not answer: paths below it, "/" for all of them. */
  down: [],
  /** Changes of the next identity tokens: { claims, header, key: "issuer" | "stranger" | "secret" | "none" }. */
  forgery: null,
  /** What the discovery document says otherwise, and whether the public keys are in their list. */
  metadata: {},
  publishesKeys: true,
  /** Changes of the next answers of userinfo, by the same names. */
  userinfoForgery: null,
};

const SCOPES = {
  openid: ["sub", "acct", "hd", "idp", "oid", "tid", "ver", "xms_edov"],
  profile: ["family_name", "given_name", "name", "preferred_username", "upn"],
  email: ["email", "email_verified"],
};

/** Each issuer has a clock of its own, in one process. */
const answering = new AsyncLocalStorage();
const machineNow = Date.now;
Date.now = () => answering.getStore()?.now() ?? machineNow();

class Storage {
  #rows = new Map();

  /** oidc-provider asks for an adapter of each of its models. */
  adapter(model) {
    const rows = this.#rows;
    const find = (matches) => [...rows].find(([key, row]) => key.startsWith(`${model}:`) && matches(row))?.[1];
    return {
      upsert: async (id, row) => void rows.set(`${model}:${id}`, row),
      find: async (id) => rows.get(`${model}:${id}`),
      findByUid: async (uid) => find((row) => row.uid === uid),
      findByUserCode: async (code) => find((row) => row.userCode === code),
      destroy: async (id) => void rows.delete(`${model}:${id}`),
      consume: async (id) => void (rows.get(`${model}:${id}`).consumed = Math.floor(Date.now() / 1000)),
      revokeByGrantId: async (grantId) => {
        for (const [key, row] of rows) {
          if (row.grantId === grantId) rows.delete(key);
        }
      },
    };
  }
}

/** Keys take long to make: issuers take turns with a few, so that no two that a test has, and no two rotations, share one. */
const PAIRS = 6;
const pairs = new Map();

async function nextKey(algorithm, kid) {
  const made = pairs.get(algorithm) ?? [];
  const key = made.length < PAIRS ? await newKey(algorithm) : made.shift();
  pairs.set(algorithm, [...made, key]);
  return { ...key, kid };
}

async function newKey(algorithm, kid) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid };
}

class Issuer {
  #storage = new Storage();
  #rotations = 0;
  #pagesOrigin;
  /** What clients did at the token endpoint, for tests to look at. */
  seen = [];

  constructor(key, profile) {
    this.key = key;
    this.shape = { ...SHAPE };
    this.change(profile);
    this.prefix = `/${key}${this.shape.path}`;
    this.issuer = `${origin}${this.prefix}`;
    this.base = this.prefix.replace(/\/$/, "");
    this.discovery = this.shape.discovery === null ? null : `/${key}${this.shape.discovery}`;
    this.#pagesOrigin = this.shape.isElsewhere ? elsewhere : origin;
  }

  change(changes) {
    const unknown = Object.keys(changes).filter((name) => !(name in SHAPE));
    if (unknown.length > 0) throw new Error(`a profile has no ${unknown.join(", ")}`);
    Object.assign(this.shape, changes);
  }

  now() {
    const { now, ahead } = this.shape;
    return (now === null ? machineNow() : Date.parse(now)) + ahead * 1000;
  }

  describe() {
    return {
      key: this.key,
      issuer: this.issuer,
      discovery: `${origin}${this.discovery ?? `${this.base}/.well-known/openid-configuration`}`,
      pages: this.#pagesOrigin,
    };
  }

  async addClient(metadata) {
    const [algorithm] = this.shape.algorithms;
    const { userinfoAlgorithm, subjects } = this.shape;
    await this.#storage.adapter("Client").upsert(metadata.client_id, {
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: algorithm,
      subject_type: subjects,
      ...(userinfoAlgorithm === null ? {} : { userinfo_signed_response_alg: userinfoAlgorithm }),
      ...metadata,
    });
  }

  /** Sign with new keys from now on; the old ones are gone. */
  async rotate() {
    this.#rotations += 1;
    const named = (algorithm) => `${this.key}-${algorithm}-${this.#rotations}`;
    this.keys = await Promise.all(this.shape.algorithms.map((algorithm) => nextKey(algorithm, named(algorithm))));
    this.#start();
  }

  #account(id) {
    return Object.values(this.shape.accounts).find((account) => account.sub === id);
  }

  async #findAccount(id) {
    if (this.#account(id) === undefined) return undefined;
    return {
      accountId: id,
      claims: async (use) => {
        const { id_token: inToken, userinfo: atUserinfo, ...claims } = this.#account(id);
        const isElsewhere = { id_token: "userinfo", userinfo: "id_token" }[use] === this.shape.claimsIn;
        return { ...(isElsewhere ? { sub: id } : claims), ...(use === "id_token" ? inToken : atUserinfo) };
      },
    };
  }

  #start() {
    const { algorithms, authMethods, refresh, subjects } = this.shape;
    const signing = ["RS256", "PS256", "ES256", "EdDSA"];
    this.provider = new Provider(this.issuer, {
      adapter: (model) => this.#storage.adapter(model),
      jwks: { keys: this.keys },
      cookies: { keys: [this.key], names: { session: `${this.key}_session`, interaction: `${this.key}_interaction`, resume: `${this.key}_resume` } },
      enabledJWA: {
        idTokenSigningAlgValues: algorithms,
        userinfoSigningAlgValues: algorithms,
        clientAuthSigningAlgValues: signing,
      },
      clientDefaults: { id_token_signed_response_alg: algorithms[0] },
      clientAuthMethods: authMethods,
      claims: SCOPES,
      scopes: ["openid", "offline_access"],
      subjectTypes: [subjects],
      pairwiseIdentifier: async (_, id, client) => createHash("sha256").update(`${client.clientId} ${id}`).digest("base64url"),
      // Companies' issuers put what was asked for into the identity token, also beside an access token.
      conformIdTokenClaims: false,
      findAccount: async (_, id) => this.#findAccount(id),
      issueRefreshToken: async (_, client, source) =>
        refresh !== "never" && client.grantTypeAllowed("refresh_token") && (refresh === "always" || source.scopes.has("offline_access")),
      interactions: { url: (_, interaction) => `${this.base}/interaction/${interaction.uid}` },
      // Nobody is asked for consent, as in companies, where an admin gave it.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
        grant.addOIDCScope("openid profile email offline_access");
        for (const resource of [oidc.params.resource].flat().filter(Boolean)) grant.addResourceScope(resource, "access");
        await grant.save();
        return grant;
      },
      features: {
        devInteractions: { enabled: false },
        jwtUserinfo: { enabled: true },
        rpInitiatedLogout: { enabled: this.shape.endSession, logoutSource: askToSignOut, postLogoutSuccessSource: sayGoodbye },
        backchannelLogout: { enabled: this.shape.endSession && this.shape.backchannelLogout },
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => undefined,
          useGrantedResource: async () => true,
          getResourceServerInfo: async (_, resource) => ({
            scope: "access",
            audience: resource,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: algorithms[0] } },
          }),
        },
      },
      formats: {
        customizers: {
          jwt: async (_, token, jwt) => {
            const { claims, header } = this.shape.accessToken;
            jwt.header = { ...jwt.header, ...header };
            Object.assign(jwt.payload, fill(claims, { client: token.clientId, account: this.#account(token.accountId) ?? {} }));
          },
        },
      },
      renderError: async (ctx, out) => {
        ctx.type = "json";
        ctx.body = out;
      },
      // By its own dispatcher it calls no address of this machine, which is where certlink is in a test.
      fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    });
    this.provider.on("backchannel.error", (_, error) => console.error(error));
    this.provider.use(async (ctx, next) => {
      await next();
      await this.#afterwards(ctx);
    });
    this.#callback = this.provider.callback();
  }

  #callback;

  async #afterwards(ctx) {
    // A browser's clock is the machine's, and not this issuer's.
    const cookies = [ctx.res.getHeader("set-cookie") ?? []].flat();
    if (cookies.length > 0) ctx.set("set-cookie", cookies.map((cookie) => cookie.replace(/; expires=[^;]*/i, "")));
    const route = ctx.oidc?.route;
    if (route === "userinfo" && ctx.status === 200 && this.shape.userinfoForgery !== null) {
      const { userinfoForgery: forgery } = this.shape;
      ctx.body = typeof ctx.body === "string" ? await this.#forge(ctx.body, ctx.oidc.client, forgery) : { ...ctx.body, ...forgery.claims };
    }
    if (route === "discovery" && this.shape.isElsewhere) {
      ctx.body = { ...ctx.body, authorization_endpoint: ctx.body.authorization_endpoint.replace(origin, elsewhere) };
    }
    if (route === "discovery") ctx.body = { ...ctx.body, ...this.shape.metadata };
    if (route === "jwks" && !this.shape.publishesKeys) ctx.body = { keys: [] };
    if (route !== "token") return;
    const { client_assertion: assertion, client_secret: secret } = ctx.oidc.params ?? {};
    const header = assertion === undefined ? null : decodeProtectedHeader(assertion);
    const method = ctx.get("authorization") ? "client_secret_basic" : assertion ? "private_key_jwt" : secret ? "client_secret_post" : "none";
    // oidc-provider takes a secret either way, and an assertion without its certificate's name; issuers of companies do not.
    const isRefused = !this.shape.authMethods.includes(method) || (this.shape.needsThumbprint && header?.["x5t#S256"] === undefined);
    if (ctx.status === 200 && isRefused) {
      ctx.status = 401;
      ctx.body = { error: "invalid_client", error_description: "this is not how the client authenticates here" };
    }
    this.seen.push({
      method,
      assertionHeader: header,
      assertionClaims: assertion === undefined ? null : decodeJwt(assertion),
      status: ctx.status,
      error: ctx.body?.error ?? null,
    });
    if (ctx.status === 200 && ctx.body.id_token !== undefined && this.shape.forgery !== null) {
      ctx.body = { ...ctx.body, id_token: await this.#forge(ctx.body.id_token, ctx.oidc.client, this.shape.forgery) };
    }
  }

  async #forge(token, client, { claims = {}, header = {}, key = "issuer" }) {
    const payload = Object.fromEntries(
      Object.entries({ ...decodeJwt(token), ...claims }).filter(([, value]) => value !== null),
    );
    const changed = { ...decodeProtectedHeader(token), ...header };
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    if (key === "none") {
      const part = (text) => Buffer.from(text).toString("base64url");
      return `${part(JSON.stringify({ ...changed, alg: "none" }))}.${part(bytes)}.`;
    }
    if (key === "secret") {
      return new CompactSign(bytes)
        .setProtectedHeader({ ...changed, alg: "HS256" })
        .sign(new TextEncoder().encode(client.clientSecret));
    }
    const signer = key === "issuer" ? this.keys[0] : await newKey(changed.alg, changed.kid);
    return new CompactSign(bytes).setProtectedHeader(changed).sign(await importJWK(signer, changed.alg));
  }

  async answer(request, response, path) {
    const interaction = path.startsWith(`${this.base}/interaction/`);
    if (this.shape.down.some((part) => path.startsWith(`${this.base}${part}`))) return reply(response, 503, { error: "temporarily_unavailable" });
    const isDocument = path === `${this.base}/.well-known/openid-configuration`;
    if (this.discovery !== null && isDocument) return reply(response, 404, { error: "not_found" });
    if (interaction) return this.#interact(request, response);
    const asDocument = path === this.discovery;
    const address = request.url;
    request.originalUrl = asDocument ? `${this.base}/.well-known/openid-configuration` : address;
    request.url = request.originalUrl.slice(this.base.length);
    return this.#callback(request, response);
  }

  async #interact(request, response) {
    const details = await this.provider.interactionDetails(request, response);
    const finish = (result) => this.provider.interactionFinished(request, response, result);
    if (details.prompt.name === "consent") return finish({ consent: {} });
    const { accounts, asks, signsIn } = this.shape;
    const form = request.method === "POST" ? new URLSearchParams(await bodyOf(request)) : null;
    if (form?.has("cancel")) return finish({ error: "access_denied", error_description: "End-User aborted interaction" });
    const hint = asks ? undefined : details.params.login_hint;
    const account = accounts[form === null ? (signsIn ?? hint) : form.get("account")];
    if (account !== undefined) return finish({ login: { accountId: account.sub } });
    return reply(response, 200, signInPage(Object.keys(accounts)), "text/html; charset=utf-8");
  }
}

/** Fill "{client}" and "{claim}" in the texts of a template. */
function fill(template, { client, account }) {
  const text = (value) => value.replace(/^\{(\w+)\}$/, (_, name) => (name === "client" ? client : (account[name] ?? "")));
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, typeof value === "string" ? text(value) : value ?? undefined]));
}

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const document = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}</html>`;

function signInPage(accounts) {
  const buttons = accounts.map((name) => `<button name="account" value="${escaped(name)}">${escaped(name)}</button>`);
  return document("Work account", `<form method="post">${buttons.join("")}<button name="cancel" value="cancel">Cancel</button></form>`);
}

async function askToSignOut(ctx, form) {
  ctx.body = document("Sign out", `${form}<button form="op.logoutForm" type="submit" name="logout" value="yes">Sign out</button>`);
}

async function sayGoodbye(ctx) {
  ctx.body = document("Signed out", "<p>You are signed out.</p>");
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function reply(response, status, body, type = "application/json") {
  response.writeHead(status, { "content-type": type });
  response.end(type === "application/json" ? JSON.stringify(body) : body);
}

const issuers = new Map();

async function control(request, response, [key, action]) {
  const body = request.method === "POST" ? JSON.parse((await bodyOf(request)) || "{}") : {};
  if (key === "issuers") {
    const issuer = new Issuer(`issuer-${issuers.size + 1}`, body);
    await issuer.rotate();
    issuers.set(issuer.key, issuer);
    return reply(response, 200, issuer.describe());
  }
  const issuer = issuers.get(key);
  if (issuer === undefined) return reply(response, 404, { error: "no such issuer" });
  if (action === "seen") return reply(response, 200, issuer.seen);
  if (action === "clients") await issuer.addClient(body);
  else if (action === "rotate") await issuer.rotate();
  else issuer.change(body);
  return reply(response, 200, {});
}

async function answer(request, response) {
  const path = new URL(request.url, origin).pathname;
  const [, key, ...rest] = path.split("/");
  try {
    if (key === "control") return await control(request, response, rest);
    const issuer = issuers.get(key);
    if (issuer === undefined) return reply(response, 404, { error: "no such issuer" });
    return await answering.run(issuer, () => issuer.answer(request, response, path));
  } catch (error) {
    console.error(error);
    return response.headersSent ? response.end() : reply(response, 500, { error: String(error) });
  }
}

async function listen() {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return `http://localhost:${server.address().port}`;
}

const origin = await listen();
const elsewhere = await listen();
// The test that started us reads it; when it goes away, so do we.
process.stdout.write(`${JSON.stringify({ origin, elsewhere })}\n`);
process.stdin.resume().on("end", () => process.exit());
