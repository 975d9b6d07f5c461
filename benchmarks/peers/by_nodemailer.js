// nodemailer's pool: so many connections at once, one mail for each reader.
//
//     node by_nodemailer.js PORT COUNT LETTER CONNECTIONS

import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [port, count, file, connections] = process.argv.slice(2);
const letter = JSON.parse(readFileSync(file, "utf8"));
const { From: from, ...headers } = letter.headers;

const pool = nodemailer.createTransport({
  pool: true,
  host: "127.0.0.1",
  port: Number(port),
  ignoreTLS: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
});

function mail(number) {
  const address = `reader-${number}@example.org`;
  const token = `1${number.toString(16).padStart(16, "0")}abcdefghijklmnopqrstuvwxyz`;
  const filled = (part) => part.replaceAll("[[token]]", token).replaceAll("[[address]]", address);
  return {
    from,
    to: address,
    subject: letter.subject,
    text: filled(letter.text),
    html: filled(letter.html),
    messageId: `<peer.${number}@example.org>`,
    headers: { ...headers, "List-Unsubscribe": { prepared: true, value: `<http://127.0.0.1:8025/u/${token}>` } },
  };
}

let next = 1;
async function send() {
  while (next <= Number(count)) await pool.sendMail(mail(next++));
}

const before = process.cpuUsage();
const begun = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, send));
const used = process.cpuUsage(before);
console.log(
  JSON.stringify({
    messages: Number(count),
    seconds: (performance.now() - begun) / 1e3,
    cpu_seconds: (used.user + used.system) / 1e6,
    memory_kb: Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]),
  }),
);
pool.close();
