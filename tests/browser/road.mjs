// The main road as a person walks it, in a real browser on a phone-sized page: a new user, /start, accept, an avatar,
// 12 photos, a style, e-mail, payment, 23 photos in the chat. Nothing is reached around the page.
//
//   node road.mjs ADDRESS OUTPUT [ru] [en]
//
// A screenshot of every stage goes to OUTPUT; the exit status is 0 only when every language arrived within the limit.
import { mkdirSync } from 'node:fs'
import { chromium } from 'playwright-core'

const PHOTOS_SOLD = 23, SAMPLES = 12, ROAD_LIMIT_MS = 120000, STEP_LIMIT_MS = 30000, SETTLE_MS = 400
const PHONE = { width: 390, height: 844 }

// The words of config/texts that a finger looks for.
const LABELS = {
  ru: { accept: 'Принимаю, начать', newAvatar: 'Новый аватар', askName: 'Как назовём аватар?', avatar: 'Анна', photosAsked: 'пришлите 10', agree: 'Даю согласие', enough: '12 фото — отлично', done: 'Готово',
    choose: 'Выбрать этот стиль', askContact: 'Куда отправить чек?', email: 'anna@example.com', order: /Оплатить .*₽/, link: 'Перейти к оплате', making: 'Оплата получена', result: /Готово! 23 фотографии/ },
  en: { accept: 'I accept, let’s start', newAvatar: 'New avatar', askName: 'What shall we call the avatar?', avatar: 'Anna', photosAsked: 'send 10', agree: 'I agree', enough: '12 photos — great', done: 'Done',
    choose: 'Choose this style', askContact: 'Where should I send the receipt?', email: 'anna@example.com', order: /Pay .*₽/, link: 'Go to payment', making: 'Payment received', result: /Done! 23 photos/ },
}

const [address, output, ...wanted] = process.argv.slice(2)
if (!address || !output) {
  console.error('usage: node road.mjs ADDRESS OUTPUT [ru] [en]')
  process.exit(2)
}
const languages = wanted.length ? wanted : ['ru', 'en']
mkdirSync(output, { recursive: true })

class Walk {
  constructor(page, language) {
    Object.assign(this, { page, language, words: LABELS[language], stage: 0, started: Date.now(), faults: [] })
    page.setDefaultTimeout(STEP_LIMIT_MS)
    page.on('pageerror', (error) => this.faults.push(error.message))
  }
  seconds() { return ((Date.now() - this.started) / 1000).toFixed(1) }
  // A picture of the page at rest: the pictures in view are there, and nothing scrolls or fades any more.
  async shot(name, page = this.page) {
    await page.waitForFunction(() => [...document.images].every((image) => image.complete || image.loading === 'lazy'))
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: `${output}/${this.language}-${String(++this.stage).padStart(2, '0')}-${name}.png` })
    console.log(`${this.language} ${this.seconds().padStart(6)} s  ${name}`)
  }
  // The newest button with these words: older messages may carry the same ones.
  button(words) { return this.page.locator('[data-test=inline-button]').filter({ hasText: words }).last() }
  press(words) { return this.button(words).click() }
  said(words) { return this.page.locator('[data-from=bot]').filter({ hasText: words }).last().waitFor() }
  // The pictures in the bot's albums, oldest first: the examples of the greeting, then what was made.
  albums() { return this.page.locator('[data-from=bot] [data-test=album] [data-test=photo]').evaluateAll((list) => list.map((one) => one.dataset.url)) }
  async write(text) {
    await this.page.locator('[data-test=text]').fill(text)
    await this.page.locator('[data-test=send]').click()
  }
}

async function meet(walk) {
  const { page, words, language } = walk
  await page.goto(`${address.replace(/\/$/, '')}/?lang=${language}`)
  // The very first visitor is asked for a name at once; later ones ask for a new user.
  await page.locator('[data-test=user-name], [data-test=start], [data-test=composer]').filter({ visible: true }).first().waitFor()
  if (!(await page.locator('[data-test=user-name]').isVisible())) {
    await page.locator('[data-test=user-switch]').click()
    await page.locator('[data-test=user-new]').click()
  }
  await page.locator('[data-test=user-name]').fill(words.avatar)
  await page.locator('[data-test=user-language]').selectOption(language)
  await page.locator('[data-test=dialog-ok]').click()
  await page.locator('[data-test=start]').waitFor()
  await walk.shot('empty-chat')
  await page.locator('[data-test=start]').click()
  await walk.button(words.accept).waitFor()
  await walk.shot('welcome')
  await walk.press(words.accept)
  await walk.button(words.newAvatar).waitFor()
  await walk.shot('menu')
}

async function bringPhotos(walk) {
  const { page, words } = walk
  await walk.press(words.newAvatar)
  await walk.said(words.askName)
  await walk.shot('name')
  await walk.write(words.avatar)
  await walk.button(words.agree).waitFor()
  await walk.shot('consent')
  await walk.press(words.agree)
  await walk.said(words.photosAsked)
  await walk.shot('photos-asked')
  await page.locator('[data-test=attach]').click()
  await walk.shot('attach')
  await page.locator('[data-test=samples]').click()
  await page.waitForFunction((count) => document.querySelectorAll('[data-from=user] [data-test=photo]').length === count, SAMPLES)
  await walk.said(words.enough)
  await walk.shot('photos-counted')
  await walk.press(words.done)
}

async function pay(walk) {
  const { page, words } = walk
  await walk.button(words.choose).waitFor()
  await walk.shot('style')
  await walk.press(words.choose)
  await walk.said(words.askContact)
  await walk.shot('contact')
  await walk.write(words.email)
  await walk.button(words.order).waitFor()
  await walk.shot('order')
  walk.before = await walk.albums()
  await walk.press(words.order)
  await walk.button(words.link).waitFor()
  await walk.shot('link')
  const opening = page.context().waitForEvent('page')
  await walk.press(words.link)
  const checkout = await opening
  await checkout.locator('[data-test=pay]').waitFor()
  await walk.shot('checkout', checkout)
  await checkout.locator('[data-test=pay]').click()
  await checkout.locator('[data-status=succeeded]').waitFor()
  await walk.shot('paid', checkout)
  await checkout.close()
}

async function receive(walk) {
  const { page, words } = walk
  await walk.said(words.making)
  await walk.shot('making')
  await page.locator('[data-from=bot]').filter({ hasText: words.result }).waitFor({ timeout: ROAD_LIMIT_MS })
  const came = (await walk.albums()).slice(walk.before.length), different = new Set(came).size
  if (came.length !== PHOTOS_SOLD || different !== PHOTOS_SOLD) throw new Error(`${came.length} photos came, ${different} different ones, ${PHOTOS_SOLD} were paid`)
  await walk.shot('delivered')
  await page.locator('[data-from=bot] [data-test=photo]').last().click()
  await page.waitForFunction(() => document.querySelector('#viewer-image').naturalWidth >= 512)
  await walk.shot('full-size')
}

async function walkThrough(browser, language) {
  // In Moscow, so that the chat's clock and the times the bot names agree in the pictures.
  const context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, timezoneId: 'Europe/Moscow', locale: language === 'ru' ? 'ru-RU' : 'en-GB' })
  const walk = new Walk(await context.newPage(), language)
  try {
    for (const part of [meet, bringPhotos, pay, receive]) await part(walk)
    if (walk.faults.length) throw new Error(`the page failed: ${walk.faults.join('; ')}`)
    if (Date.now() - walk.started > ROAD_LIMIT_MS) throw new Error(`it took ${walk.seconds()} s, more than ${ROAD_LIMIT_MS / 1000}`)
    console.log(`${language}: arrived after ${walk.seconds()} s`)
    return true
  } catch (error) {
    await walk.shot('failed').catch(() => {})
    console.error(`${language}: failed after ${walk.seconds()} s: ${error.message}`)
    return false
  } finally {
    await context.close()
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
let well = true
for (const language of languages) well = (await walkThrough(browser, language)) && well
await browser.close()
process.exit(well ? 0 : 1)
