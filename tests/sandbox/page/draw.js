// Messages to elements. Every element is kept by its message's id and only touched when the message changed, so an edit
// changes a bubble in place: nothing flickers, pictures are not loaded again, and the reader's place is kept.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') element.className = value
    else if (name === 'test') element.dataset.test = value
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

export function size(bytes, words) {
  let step = 0
  while (bytes >= 1000 && step < 2) { bytes /= 1000; step++ }
  return `${step && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${words.sizes[step]}`
}

const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })

// Rows of two and three, the wider pictures first: 5 is 2+3, 7 is 2+2+3, 10 is 2+2+3+3.
function mosaicRows(count) {
  if (count < 4) return [count]
  const twos = [0, 2, 1][count % 3]
  return [...Array(twos).fill(2), ...Array((count - twos * 2) / 3).fill(3)]
}

function picture(message, hooks, kept) {
  const { url, width, height } = message.photo
  const image = kept.get(url) ?? make('img', { src: url, alt: '', decoding: 'async', draggable: 'false' })
  if (width) { image.width = width; image.height = height }
  return make('button', { type: 'button', class: 'picture', test: 'photo', 'data-message': message.message_id, 'data-url': url, onclick: () => hooks.view(message.message_id) }, image)
}

function mosaic(messages, hooks, kept) {
  const box = make('div', { class: 'mosaic', test: messages.length > 1 ? 'album' : 'single' })
  let at = 0
  for (const row of mosaicRows(messages.length)) {
    for (let i = 0; i < row; i++, at++) {
      const tile = picture(messages[at], hooks, kept)
      tile.classList.add(`of${row}`)
      if (messages.length === 1) tile.style.aspectRatio = `${messages[at].photo.width || 4} / ${messages[at].photo.height || 5}`
      box.append(tile)
    }
  }
  return box
}

function file(message, words) {
  const { url, file_name: name, mime_type: mime, file_size: bytes } = message.document
  const sign = /^image\//.test(mime || '') ? make('img', { src: url, alt: '', loading: 'lazy' }) : make('span', {}, '↓')
  return make('a', { class: 'file', test: 'document', href: url, download: name || '', target: '_blank' },
    make('span', { class: 'sign' }, sign),
    make('span', { class: 'about' }, make('b', {}, name || words.document), make('small', {}, bytes ? size(bytes, words) : '')))
}

function special(message, words) {
  if (message.kind === 'sticker') return make('div', { class: 'sticker', test: 'sticker' }, message.sticker?.emoji || '👍')
  if (message.kind === 'voice')
    return make('div', { class: 'voice', test: 'voice' }, make('span', { class: 'sign' }, '▶'), make('i'), make('small', {}, `0:0${message.voice?.duration ?? 3}`))
  if (message.kind === 'contact')
    return make('div', { class: 'contact', test: 'contact' }, make('span', { class: 'sign' }, (message.contact?.first_name || '?').slice(0, 1)),
      make('span', { class: 'about' }, make('b', {}, message.contact?.first_name || ''), make('small', {}, message.contact?.phone_number || '')))
  if (message.kind === 'location')
    return make('div', { class: 'contact', test: 'location' }, make('span', { class: 'sign' }, '⌖'),
      make('span', { class: 'about' }, make('small', {}, `${message.location.latitude}, ${message.location.longitude}`)))
  if (message.kind === 'poll')
    return make('div', { class: 'contact', test: 'poll' }, make('span', { class: 'sign' }, '?'),
      make('span', { class: 'about' }, make('b', {}, message.poll.question), ...message.poll.options.map((option) => make('small', {}, option.text))))
  return null
}

function button(message, label, hooks) {
  const kind = label.url !== undefined ? 'url' : label.copy_text ? 'copy' : 'callback'
  const element = make('button', { type: 'button', class: `inline ${kind} ${label.style || ''}`, test: 'inline-button', 'data-kind': kind,
    'data-data': label.callback_data, 'data-url': label.url, 'data-message': message.message_id }, make('span', {}, label.text))
  element.addEventListener('click', () => hooks.press(message, label, element))
  return element
}

function buttons(message, hooks) {
  if (!message.buttons?.length) return null
  return make('div', { class: 'inline-rows', test: 'inline-rows' },
    ...message.buttons.map((row) => make('div', { class: 'inline-row' }, ...row.map((label) => button(message, label, hooks)))))
}

export function words_of(message) {
  const box = make('div', { class: 'words', test: 'words' })
  if (message.from === 'bot') box.innerHTML = message.html // the server's own rendering of parsed entities
  else {
    for (const part of message.text.split(/(?<!\S)(\/[a-z0-9_]+)/i)) box.append(/^\/[a-z0-9_]+$/i.test(part) ? make('a', { class: 'command' }, part) : part)
  }
  return box
}

// One bubble: a message, or all messages of an album.
function fill(element, messages, words, hooks) {
  const kept = new Map([...element.querySelectorAll('.picture img')].map((image) => [image.getAttribute('src'), image]))
  const first = messages[0], photos = messages.filter((message) => message.photo), last = messages[messages.length - 1]
  // Under a group of photos a caption stands only if it is the only one; the others are seen with the opened photo.
  const captioned = messages.filter((message) => message.text && !message.document)
  const said = photos.length > 1 && captioned.length > 1 ? undefined : captioned[0]
  const bubble = make('div', { class: 'bubble', test: 'bubble' })
  if (photos.length) bubble.append(mosaic(photos, hooks, kept))
  for (const message of messages) {
    if (!message.document) continue
    bubble.append(file(message, words))
    if (message.text) bubble.append(words_of(message))
  }
  const more = special(first, words)
  if (more) bubble.append(more)
  if (said) bubble.append(words_of(said))
  bubble.append(make('span', { class: 'when' }, last.edited ? `${words.edited} ` : '', clock(first.date_ms), first.from === 'user' ? make('i', {}, ' ✓✓') : null))
  bubble.classList.toggle('media', photos.length > 0)
  bubble.classList.toggle('bare', (photos.length > 0 && !said) || first.kind === 'sticker')
  element.className = `message ${first.from} is-${first.kind}`
  element.dataset.edited = last.edited
  const under = buttons(last, hooks)
  bubble.classList.toggle('with-buttons', !!under)
  element.replaceChildren(...[bubble, under].filter(Boolean))
}

// Messages in runs: an album is one run.
function runs(messages) {
  const list = []
  for (const message of messages) {
    const before = list[list.length - 1]
    if (before && message.media_group_id && before[0].media_group_id === message.media_group_id) before.push(message)
    else list.push([message])
  }
  return list
}

function dayOf(ms, words) {
  const day = new Date(ms).toDateString(), now = Date.now()
  if (day === new Date(now).toDateString()) return words.today
  if (day === new Date(now - 86400000).toDateString()) return words.yesterday
  return new Date(ms).toLocaleDateString([], { day: 'numeric', month: 'long' })
}

// Brings `box` to show `messages`; returns how many bubbles of the bot are new.
export function drawMessages(box, messages, words, hooks) {
  const have = new Map([...box.children].map((element) => [element.dataset.key, element]))
  let before = null, day = '', fresh = 0
  const place = (element) => {
    const next = before ? before.nextSibling : box.firstChild
    if (next !== element) box.insertBefore(element, next)
    before = element
  }
  for (const run of runs(messages)) {
    const today = dayOf(run[0].date_ms, words)
    if (today !== day) {
      day = today
      const key = `day ${today}`
      place(have.get(key) ?? make('div', { class: 'day', 'data-key': key }, make('span', {}, today)))
      have.delete(key)
    }
    const key = `m${run[0].message_id}`, print = JSON.stringify(run)
    let element = have.get(key)
    have.delete(key)
    if (!element) {
      element = make('article', { 'data-key': key, 'data-message': run[0].message_id, 'data-from': run[0].from, test: 'message' })
      if (run[0].from === 'bot') fresh++
    }
    if (element.print !== print) { fill(element, run, words, hooks); element.print = print }
    place(element)
  }
  for (const element of have.values()) element.remove()
  return fresh
}
