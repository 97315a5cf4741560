// An OpenID provider whose login page takes any name: oidc_provider.js PORT REDIRECT_URI
import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "console",
      client_secret: "a-secret-of-the-test",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["a-key-of-the-test"] },
  pkce: { required: () => true },
  async findAccount(context, id) {
    return {
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: "Ann of the provider" }),
    };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
