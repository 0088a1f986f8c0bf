// An OpenID provider for the tests: node provider.mjs ACCOUNTS.json CALLBACK
// Prints {"issuer": …} once it listens. Whoever types a subject of ACCOUNTS.json into the form is that subject.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [accountsFile, callback] = process.argv.slice(2);
const accounts = () => JSON.parse(readFileSync(accountsFile, "utf-8"));

const configuration = {
  clients: [
    { client_id: "urban-twin", client_secret: process.env.CLIENT_SECRET, redirect_uris: [callback] },
    { client_id: "another", client_secret: process.env.CLIENT_SECRET, redirect_uris: [callback] },
  ],
  claims: {
    openid: ["sub"],
    profile: ["name", "groups"],
    email: ["email", "email_verified"],
  },
  pkce: { required: () => true },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...accounts()[sub] }),
  }),
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on("request", new Provider(issuer, configuration).callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
