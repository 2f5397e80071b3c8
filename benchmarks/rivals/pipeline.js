// Personal messages by node: templates compiled once and filled for each reader by nunjucks, sent by nodemailer's pool.
//
//     node pipeline.js PORT CONNECTIONS FOLDER      where nodemailer and nunjucks are installed
//
// The folder holds edition.html and edition.txt (templates), and readers.json. Start-up is not counted.
const { readFileSync } = require('fs')
const { createRequire } = require('module')
const installed = createRequire(process.cwd() + '/')
const nodemailer = installed('nodemailer'), nunjucks = installed('nunjucks')

const [port, connections] = process.argv.slice(2, 4).map(Number), folder = process.argv[4]
const compiled = (kind, autoescape) =>
  nunjucks.compile(readFileSync(`${folder}/edition.${kind}`, 'utf8'), new nunjucks.Environment(null, { autoescape }))
const html = compiled('html', true), text = compiled('txt', false)
const readers = JSON.parse(readFileSync(`${folder}/readers.json`, 'utf8'))
const pool = nodemailer.createTransport({
  pool: true, host: '127.0.0.1', port, ignoreTLS: true, maxConnections: connections, maxMessages: Infinity })
let next = 0
const started = performance.now(), before = process.cpuUsage()
const work = async () => {
  while (next < readers.length) {
    const reader = readers[next++]
    await pool.sendMail({
      from: 'Papers <papers@example.org>',
      to: reader.address,
      subject: reader.subject,
      headers: {
        'List-Unsubscribe': `<${reader.unsubscribe}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
      text: text.render(reader),
      html: html.render(reader),
    })
  }
}
Promise.all(Array.from({ length: connections * 2 }, work)).then(() => {
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6 }))
  pool.close()
})
