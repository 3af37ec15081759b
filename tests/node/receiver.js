// A webhook receiver in JavaScript. It knows Standard Webhooks and the watsonx document's snippet, and nothing of Parley.
// Told on stdin, as JSON: a list of {scheme, headers, body (base64), secret}. Says on stdout, as JSON: a list of
// {verified} or {error}.
const { Webhook } = require("standardwebhooks");
const jwt = require('jsonwebtoken');

const schemes = {
  // the document's own lines, but for the secret, which is 'purple unicorn' there
  watsonx(request, secret) {
    const token = request.headers.authentication; // grab the "Authentication" header
    const decoded = jwt.verify(token, secret);
    return decoded;
  },

  // the same with the header that the document's text names
  authorization(request, secret) {
    return jwt.verify(request.headers.authorization, secret);
  },

  standardwebhooks(request, secret) {
    return new Webhook(secret).verify(request.body, request.headers);
  },
};

const answers = JSON.parse(require("fs").readFileSync(0, "utf8")).map(({ scheme, headers, body, secret }) => {
  try {
    const request = { headers, body: Buffer.from(body, "base64").toString("utf8") };
    return { verified: schemes[scheme](request, secret) };
  } catch (err) {
    return { error: err.message };
  }
});
console.log(JSON.stringify(answers));
