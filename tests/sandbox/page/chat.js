// The chat page: one user of the sandbox at a time, as on a phone. It holds one long poll for the user shown, draws what
// comes (draw.js), and turns what a finger does into calls of the control API. Deep links: /?user=<id>, &start=<payload>.
import { ask, toast, toClipboard } from './ask.js'
import { drawMessages, make, words_of } from './draw.js'
import { isRussian, wordsFor } from './words.js'

const $ = (id) => document.getElementById(id)
const asked = new URLSearchParams(location.search)
const CALL_LIMIT_MS = 60000, POLL_MS = 20000, SPIN_MS = 1500, FILES_MAX = 30
const NAMES = { ru: ['Аня', 'Миша', 'Оля', 'Ира', 'Вера', 'Костя', 'Таня', 'Юра'], en: ['Kate', 'Mike', 'Olive', 'Ruth', 'Vera', 'Nick', 'Tess', 'Owen'] }

let state = { bot: {}, users: [], commands: {}, now_ms: Date.now() }
let user = null // the one shown
let chat = null // the last answer about the chat
let words = wordsFor(asked.get('lang') || navigator.language)
let payload = asked.get('start') || '' // of a t.me link, for the first /start
let poll = null, seenToasts = null, clockAhead_ms = 0, unseen = 0

// ---- the server

async function call(path, body, signal) {
  const init = { signal: signal ?? AbortSignal.timeout(CALL_LIMIT_MS) }
  if (body instanceof FormData) Object.assign(init, { method: 'POST', body })
  else if (body) Object.assign(init, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  const answer = await fetch(path, init)
  const value = await answer.json()
  if (!answer.ok) throw new Error(value.error || answer.status)
  return value
}

async function deed(name, body = {}) {
  try {
    return await call(`/api/chats/${user.id}/${name}`, body)
  } catch (error) {
    toast(`${words.failed}: ${error.message}`)
    return null
  }
}

async function loadState() {
  state = await call('/api/state')
  clockAhead_ms = state.now_ms - Date.now()
}

// One poll at a time; showing another user ends the old one.
async function follow() {
  poll?.abort()
  const mine = (poll = new AbortController()), id = user.id
  let version = -1, failures = 0
  while (!mine.signal.aborted) {
    try {
      const signal = AbortSignal.any([mine.signal, AbortSignal.timeout(POLL_MS + 10000)])
      const answer = await call(`/api/chats/${id}?version=${version}&wait_ms=${POLL_MS}`, null, signal)
      if (mine.signal.aborted) return
      if (failures) { failures = 0; await loadState(); drawHead() }
      if (answer.messages) await show(answer)
      version = answer.version
    } catch (error) {
      if (mine.signal.aborted) return
      if (!(error instanceof TypeError && /fetch/.test(error.message))) console.error(error)
      failures++
      $('status').textContent = words.waiting
      await new Promise((wake) => setTimeout(wake, Math.min(250 * failures, 2000)))
    }
  }
}

// ---- the chat

// Whether the reader stays with the newest message: until they scroll up, also while a slow scroll is under way.
let following = true
const nearEnd = () => $('scroll').scrollHeight - $('scroll').scrollTop - $('scroll').clientHeight < 80

function toEnd(smooth) {
  $('scroll').scrollTo({ top: $('scroll').scrollHeight, behavior: smooth ? 'smooth' : 'auto' })
  unseen = 0
  following = true
  $('down').hidden = true
}

async function show(answer) {
  const first = chat === null, stick = first || following, mineBefore = lastMine()
  chat = answer
  const fresh = drawMessages($('messages'), answer.messages, words, { view, press })
  drawStatus()
  drawFoot() // before the scrolling: it changes the room there is
  if (stick || lastMine() !== mineBefore) toEnd(!first && fresh > 0)
  else if (fresh) {
    unseen += fresh
    $('down').hidden = false
  }
  $('down-count').textContent = unseen || ''
  showToasts(answer.toasts || [])
  if (first && !answer.messages.length) samplesAhead()
  if (first || fresh) {
    await loadState().catch(() => {})
    drawCommands()
  }
}

const lastMine = () => chat?.messages.findLast((message) => message.from === 'user')?.message_id

function drawStatus() {
  const action = chat?.action, left_ms = action ? action.until_ms - (Date.now() + clockAhead_ms) : 0
  const live = left_ms > 0
  $('status').textContent = live ? words.actions[action.name] || words.actions.typing : user.blocked ? words.blocked : words.bot
  $('status').classList.toggle('live', live)
  clearTimeout(drawStatus.timer)
  if (live) drawStatus.timer = setTimeout(drawStatus, left_ms + 50)
}

function drawFoot() {
  const blocked = chat?.blocked ?? user.blocked, empty = !chat?.messages.length
  user.blocked = blocked
  $('composer').hidden = blocked || empty
  $('unblock').hidden = !blocked
  $('start').hidden = blocked || !empty
  $('empty').hidden = !empty
  $('block').textContent = blocked ? words.unblock : words.block
  drawKeyboard()
}

function drawKeyboard() {
  const from = chat?.messages.findLast((message) => message.reply_keyboard), last = from?.reply_keyboard
  const rows = last?.keyboard && !last.remove_keyboard ? last.keyboard : []
  $('keyboard').hidden = !rows.length || $('composer').hidden || drawKeyboard.used === from.message_id
  $('keyboard').replaceChildren(...rows.map((row) => make('div', { class: 'key-row' }, ...row.map((key) => {
    const label = typeof key === 'string' ? { text: key } : key
    return make('button', { type: 'button', test: 'key', onclick: () => pressKey(label, last.one_time_keyboard && from.message_id) }, label.text)
  }))))
}

// A one-time keyboard folds away once it was used; the next message with one brings it back.
async function pressKey(label, once) {
  if (label.request_contact && !(await shareContact())) return
  if (!label.request_contact) await deed('text', { text: label.text })
  if (once) drawKeyboard.used = once
  drawKeyboard()
}

function drawCommands() {
  const list = state.commands[isRussian(user.language_code) ? 'ru' : 'en'] || state.commands[user.language_code] || state.commands[''] || []
  $('commands').hidden = !list.length
  $('command-menu').replaceChildren(...list.map((item) => make('button', { type: 'button', role: 'menuitem', test: 'command', 'data-command': item.command,
    onclick: () => { closeMenus(); deed('text', { text: `/${item.command}` }) } }, make('b', {}, `/${item.command}`), make('span', {}, item.description))))
}

function showToasts(list) {
  const news = seenToasts ? list.filter((item) => !seenToasts.has(item.id)) : []
  seenToasts = new Set([...(seenToasts ?? []), ...list.map((item) => item.id)])
  for (const item of news) {
    if (!item.text) continue
    if (item.alert) ask({ title: state.bot.first_name, body: [make('p', { test: 'alert-text' }, item.text)], ok: words.ok })
    else toast(item.text)
  }
}

// ---- what a finger does

async function copy(text) {
  await toClipboard(text)
  toast(words.copied)
}

async function press(message, label, element) {
  if (label.copy_text) return copy(label.copy_text.text)
  if (label.url !== undefined) return openUrl(label.url)
  if (label.callback_data === undefined) return null
  element.classList.add('busy')
  setTimeout(() => element.classList.remove('busy'), SPIN_MS)
  return deed('press', { message_id: message.message_id, data: label.callback_data })
}

// A link to this very bot opens here, as this user or another; others open beside the chat.
function openUrl(url) {
  let link
  try { link = new URL(url) } catch { return toast(url) }
  const start = link.searchParams.get('start')
  if (link.hostname === 't.me' && link.pathname.slice(1).toLowerCase() === (state.bot.username || '').toLowerCase() && start) return openAs(start)
  if (link.hostname === 't.me' && link.pathname.startsWith('/$')) return payStars(url)
  if (link.hostname === 't.me' && link.pathname === '/share/url')
    return ask({ title: words.share, body: [make('p', {}, link.searchParams.get('text') || ''), make('p', { class: 'link' }, link.searchParams.get('url') || '')], ok: words.ok })
  window.open(url, '_blank', 'noopener')
}

// An invoice in stars: confirmed here as in Telegram's own sheet, and then the bot is asked.
async function payStars(link) {
  const invoice = (await call('/api/stars')).invoices.find((one) => one.link === link)
  if (!invoice) return toast(words.gone)
  const agreed = await ask({ title: invoice.title, body: [make('p', { test: 'stars' }, `⭐ ${invoice.stars}`)], ok: words.pay, cancel: words.cancel })
  if (agreed) await deed('stars', { link })
}

function openAs(start) {
  const go = async (other) => {
    $('dialog').close()
    payload = ''
    await choose(other)
    deed('text', { text: `/start ${start}` })
  }
  const list = state.users.map((other) => make('button', { type: 'button', class: 'row', test: 'open-as', 'data-user': other.id, onclick: () => go(other) }, face(other), make('span', {}, other.first_name)))
  list.push(make('button', { type: 'button', class: 'row', test: 'open-as-new', onclick: () => { $('dialog').close(); payload = start; newUser() } }, make('span', { class: 'face plus' }, '+'), make('span', {}, words.newUser)))
  ask({ title: words.openAs, body: list, cancel: words.cancel })
}

async function shareContact() {
  const input = make('input', { type: 'tel', test: 'phone', value: `+7900${String(user.id % 10000000).padStart(7, '0')}` })
  const agreed = await ask({ title: words.sharePhone, body: [make('label', {}, words.phone, input)], ok: words.share, cancel: words.cancel })
  if (agreed) await deed('contact', { phone: input.value, own: true })
  return agreed
}

// The page's users are numbered one after another, and their names alternate as the drawn people do.
const person = () => Number((user.id + 7) % 8)

// They are drawn while the user reads the first screens (ahead), so most often they are ready when they are wanted.
const SAMPLES = 12, SAMPLE_PX = 720, DRAWING_MS = 150

function samplesAhead() {
  call(`/api/chats/${user.id}/samples`, { count: SAMPLES, person: person(), size_px: SAMPLE_PX, ahead: true }).catch(() => {})
}

async function samples(count, as) {
  const wanted = { count, person: person(), album: count > 1, as, size_px: SAMPLE_PX, pose: count > 1 ? 0 : Math.floor(Math.random() * 24), patient: true }
  let told = false
  for (;;) {
    const answer = await deed('samples', wanted)
    if (answer?.ready === undefined) return
    if (!told) toast(words.drawing)
    told = true
    await new Promise((wake) => setTimeout(wake, DRAWING_MS))
  }
}

async function sendFiles(list) {
  const files = [...list].slice(0, FILES_MAX)
  if (!files.length) return
  const urls = files.filter((file) => /^image\/(jpeg|png|webp|gif)$/.test(file.type)).map((file) => URL.createObjectURL(file))
  const preview = make('div', { class: 'preview', test: 'preview' }, ...urls.map((url) => make('img', { src: url, alt: '' })),
    ...files.filter((file) => !/^image\/(jpeg|png|webp|gif)$/.test(file.type)).map((file) => make('span', {}, file.name)))
  const as = await ask({ body: [preview], ok: words.sendPhotos, other: words.sendFiles, cancel: words.cancel })
  urls.forEach((url) => URL.revokeObjectURL(url))
  if (!as) return
  const form = new FormData()
  files.forEach((file, i) => form.append(`file${i}`, file, file.name))
  await deed(`photos?as=${as === 'other' ? 'document' : 'photo'}&album=${files.length > 1 ? 1 : 0}`, form)
}

// ---- full-size pictures

let viewed = 0
const allPhotos = () => (chat?.messages || []).filter((message) => message.photo)

function view(id) {
  const list = allPhotos()
  viewed = Math.max(0, list.findIndex((message) => message.message_id === id))
  $('viewer').hidden = false
  $('viewer-image').src = list[viewed].photo.url
  $('viewer-caption').replaceChildren(...(list[viewed].text ? [words_of(list[viewed])] : []))
  $('viewer-count').textContent = `${viewed + 1} / ${list.length}`
  $('viewer-back').disabled = viewed === 0
  $('viewer-next').disabled = viewed === list.length - 1
  $('viewer-close').focus()
}

const leaf = (by) => { const next = allPhotos()[viewed + by]; if (next) view(next.message_id) }
const closeViewer = () => { $('viewer').hidden = true; $('viewer-image').removeAttribute('src') }

// ---- users

const hue = (id) => (Number(id) * 67) % 360
const face = (of) => { const element = make('span', { class: 'face' }, (of.first_name || '?').slice(0, 1)); element.style.setProperty('--hue', hue(of.id)); return element }

async function newUser() {
  const number = state.users.length
  const language = make('select', { test: 'user-language' }, make('option', { value: 'ru' }, 'Русский'), make('option', { value: 'en' }, 'English'))
  language.value = isRussian(user?.language_code || navigator.language) ? 'ru' : 'en'
  const name = make('input', { test: 'user-name', maxlength: 64, value: NAMES[language.value][number % 8] })
  let typed = false
  name.addEventListener('input', () => { typed = true })
  language.addEventListener('change', () => { if (!typed) name.value = NAMES[language.value][number % 8] })
  const answer = await ask({ title: words.newUser, body: [make('label', {}, words.name, name), make('label', {}, words.language, language)], ok: words.create, cancel: words.cancel })
  if (answer !== 'ok' || !name.value.trim()) return
  try {
    const made = await call('/api/users', { first_name: name.value.trim(), language_code: language.value })
    await loadState()
    await choose(state.users.find((one) => one.id === made.id) || made)
  } catch (error) {
    toast(`${words.failed}: ${error.message}`)
  }
}

// The user shown last, so that the way back from the checkout leads to the same chat.
function remembered(id) {
  try {
    if (id) localStorage.setItem('user', id)
    return localStorage.getItem('user')
  } catch {
    return null // no storage in a private window
  }
}

async function choose(other) {
  document.body.classList.remove('with-people')
  if (user && other.id === user.id && chat) return
  user = other
  chat = seenToasts = null
  unseen = 0
  words = wordsFor(user.language_code)
  document.documentElement.lang = isRussian(user.language_code) ? 'ru' : 'en'
  const address = new URL(location.href)
  address.searchParams.set('user', user.id)
  address.searchParams.delete('start')
  history.replaceState(null, '', address)
  remembered(user.id)
  $('messages').replaceChildren()
  $('down').hidden = true
  drawWords()
  drawHead()
  drawCommands()
  drawStatus()
  $('composer').hidden = $('start').hidden = $('unblock').hidden = $('empty').hidden = true
  follow()
}

function drawPeople() {
  $('user-list').replaceChildren(...state.users.map((one) => make('li', {}, make('button', { type: 'button', class: one.id === user?.id ? 'row here' : 'row', test: 'user', 'data-user': one.id, onclick: () => choose(one) },
    face(one), make('span', {}, one.first_name, make('small', {}, `${isRussian(one.language_code) ? 'Русский' : 'English'} · ${one.id}`))))))
}

function drawHead() {
  $('bot-name').textContent = state.bot.first_name || 'Bot'
  $('bot-face').textContent = (state.bot.first_name || 'B').slice(0, 1)
  document.title = `${state.bot.first_name || 'Bot'} — ${user ? user.first_name : 'sandbox'}`
  if (user) $('switch').replaceChildren(face(user))
  drawPeople()
}

function drawWords() {
  const texts = { 'user-new': `+ ${words.newUser}`, 'sandbox-note': words.note, start: words.start, unblock: words.unblock, 'copy-link': words.copyLink,
    'empty-title': words.emptyTitle, 'drop-text': words.drop }
  for (const [id, text] of Object.entries(texts)) $(id).textContent = text
  const language = isRussian(user?.language_code) ? 'ru' : 'en', settings = state.settings || {}
  $('empty-text').textContent = settings[`description||${language}`] || settings['description||'] || words.emptyText
  $('text').placeholder = words.message
  for (const [id, label] of Object.entries({ commands: words.commands, attach: words.attach, send: words.send, switch: words.switchUser, more: words.more })) $(id).setAttribute('aria-label', label)
  const item = (test, label, act) => make('button', { type: 'button', role: 'menuitem', test, onclick: () => { closeMenus(); act() } }, label)
  $('attach-menu').replaceChildren(item('pick', `🖼 ${words.pick}`, () => $('files').click()), item('samples', `✨ ${words.samples}`, () => samples(SAMPLES, 'photo')),
    item('sample', `📷 ${words.sample}`, () => samples(1, 'photo')), item('samples-files', `📄 ${words.samplesFiles}`, () => samples(SAMPLES, 'document')),
    item('sticker', `👍 ${words.sticker}`, () => deed('sticker')), item('voice', `🎤 ${words.voice}`, () => deed('voice')), item('contact', `👤 ${words.contact}`, shareContact))
}

// ---- wiring

function closeMenus() {
  for (const id of ['command-menu', 'attach-menu', 'more-menu']) $(id).hidden = true
}

function toggle(id) {
  const open = $(id).hidden
  closeMenus()
  $(id).hidden = !open
}

function sendText() {
  const text = $('text').value.trim()
  if (!text) return
  $('text').value = ''
  grow()
  deed('text', { text })
}

function grow() {
  $('text').style.height = 'auto'
  $('text').style.height = `${Math.min($('text').scrollHeight, 140)}px`
  document.body.classList.toggle('typing', $('text').value.trim() !== '')
}

function wireClicks() {
  const clicks = { attach: () => toggle('attach-menu'), commands: () => toggle('command-menu'), more: () => toggle('more-menu'), down: () => toEnd(true),
    start: () => { deed('text', { text: payload ? `/start ${payload}` : '/start' }); payload = '' }, unblock: () => deed('unblock'),
    block: () => { closeMenus(); deed(user.blocked ? 'unblock' : 'block') }, 'copy-link': () => { closeMenus(); copy(location.href) },
    'user-new': newUser, switch: () => document.body.classList.toggle('with-people'), 'people-close': () => document.body.classList.remove('with-people'),
    'viewer-close': closeViewer, 'viewer-back': () => leaf(-1), 'viewer-next': () => leaf(1) }
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener('click', act)
  $('viewer').addEventListener('click', (event) => { if (event.target === $('viewer')) closeViewer() })
  document.addEventListener('click', (event) => {
    if (!event.target.closest('.menu, #attach, #commands, #more')) closeMenus()
    const link = event.target.closest('#messages a[href], #messages a.command'), spoiler = event.target.closest('.spoiler')
    if (spoiler) spoiler.classList.add('shown')
    if (!link || link.classList.contains('file')) return
    event.preventDefault()
    if (link.classList.contains('command')) deed('text', { text: link.textContent })
    else openUrl(link.href)
  })
}

function wireRest() {
  $('composer').addEventListener('submit', (event) => { event.preventDefault(); sendText() })
  $('text').addEventListener('input', grow)
  $('text').addEventListener('keydown', (event) => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendText() } })
  $('text').addEventListener('paste', (event) => { if (event.clipboardData.files.length) { event.preventDefault(); sendFiles(event.clipboardData.files) } })
  $('files').addEventListener('change', async () => { await sendFiles($('files').files); $('files').value = '' })
  let top = 0
  $('scroll').addEventListener('scroll', () => {
    const now = $('scroll').scrollTop
    following = nearEnd() || (following && now >= top)
    top = now
    if (nearEnd()) { unseen = 0; $('down').hidden = true }
  }, { passive: true })
  new ResizeObserver(() => { if (following) toEnd(false) }).observe($('scroll'))
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { closeMenus(); closeViewer() }
    if (!$('viewer').hidden && event.key === 'ArrowLeft') leaf(-1)
    if (!$('viewer').hidden && event.key === 'ArrowRight') leaf(1)
  })
  let depth = 0
  const over = (by) => (event) => { if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); depth += by; $('drop').hidden = depth <= 0 } }
  addEventListener('dragenter', over(1))
  addEventListener('dragleave', over(-1))
  addEventListener('dragover', (event) => event.preventDefault())
  addEventListener('drop', (event) => { event.preventDefault(); depth = 0; $('drop').hidden = true; if (event.dataTransfer.files.length) sendFiles(event.dataTransfer.files) })
}

async function begin() {
  drawWords()
  wireClicks()
  wireRest()
  for (;;) {
    try { await loadState(); break } catch { $('status').textContent = words.waiting; await new Promise((wake) => setTimeout(wake, 1000)) }
  }
  drawHead()
  const wanted = asked.get('user') ?? remembered(), found = state.users.find((one) => String(one.id) === wanted)
  if (asked.get('user') && !found) toast(words.gone)
  if (found || state.users.length) await choose(found || state.users[state.users.length - 1])
  else newUser()
}

begin()
