// Sends ready messages by nodemailer's pool: node ready.js PORT COUNT OCTETS CONNECTIONS, where nodemailer is installed.
const { createRequire } = require('module')
const nodemailer = createRequire(process.cwd() + '/')('nodemailer')

const [port, count, octets, connections] = process.argv.slice(2).map(Number)
const line = 'A line of text of seventy-six characters, as quoted-printable breaks them.=\r\n'
const raw = Buffer.from('Subject: papers\r\n\r\n' + line.repeat(octets / line.length))
const pool = nodemailer.createTransport({
  pool: true, host: '127.0.0.1', port, ignoreTLS: true, maxConnections: connections, maxMessages: Infinity })
let next = 0
const started = performance.now(), before = process.cpuUsage()
const work = async () => {
  while (next < count) {
    const n = next++
    await pool.sendMail({ raw, envelope: { from: `bounce+${n}@news.example.org`, to: `reader${n}@example.org` } })
  }
}
Promise.all(Array.from({ length: connections * 2 }, work)).then(() => {
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6 }))
  pool.close()
})
