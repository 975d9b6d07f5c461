// Reads {"name": {"html": ..., "mjml": ...}, ...} from standard input, and prints what each judge says of each as JSON.
// One process for all of them: to load a judge takes longer than to ask it.

import { text } from "node:stream/consumers";
import { caniemail } from "caniemail";
import { HtmlValidate } from "html-validate";
import mjml2html from "mjml";

const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*", "thunderbird.*", "samsung-email.*"];

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:a11y"],
  rules: {
    // What mail needs and pages must not have: attributes of old, comments for Outlook, styles in place.
    "no-conditional-comment": "off",
    "no-deprecated-attr": "off",
    "attribute-allowed-values": "off",
    "no-inline-style": "off",
    // How MJML writes, without meaning for a reader.
    "attr-quotes": "off",
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    "doctype-style": "off",
    "long-title": "off",
    "no-trailing-whitespace": "off",
    "prefer-tbody": "off",
    "tel-non-breaking": "off",
    "void-style": "off",
  },
});

function compiled(mjml) {
  const { html, errors } = mjml2html(mjml, { ignoreIncludes: true, fonts: {}, validationLevel: "soft" });
  return { html, errors: errors.map((error) => error.formattedMessage ?? String(error)) };
}

function features(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  const found = {};
  for (const [severity, byClient] of Object.entries(issues)) {
    for (const [client, list] of byClient) {
      for (const issue of list) {
        const key = `${severity}: ${issue.title}`;
        (found[key] ??= new Set()).add(client);
      }
    }
  }
  return Object.fromEntries(Object.entries(found).map(([key, clients]) => [key, [...clients].sort()]));
}

async function faults(html) {
  const report = await validator.validateString(html);
  return report.results.flatMap((result) =>
    result.messages.map((fault) => `${fault.ruleId}: ${fault.message} (${fault.selector ?? "?"})`),
  );
}

const documents = JSON.parse(await text(process.stdin));
const said = {};
for (const [name, { html, mjml }] of Object.entries(documents)) {
  said[name] = { npm: compiled(mjml), features: features(html), faults: await faults(html) };
}
process.stdout.write(JSON.stringify(said));
