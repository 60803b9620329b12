// Short words to the reader and questions to them: toasts, dialogs, the clipboard.
import { make } from './draw.js'

const $ = (id) => document.getElementById(id)

export function toast(text) {
  const element = make('div', { class: 'toast', test: 'toast' }, text)
  $('toasts').append(element)
  setTimeout(() => element.classList.add('gone'), 3600)
  setTimeout(() => element.remove(), 4000)
}

export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch { // no clipboard over plain http on another machine
    const box = make('textarea', { class: 'offscreen' })
    box.value = text
    document.body.append(box)
    box.select()
    document.execCommand('copy')
    box.remove()
  }
}

// A dialog with up to three buttons: resolves to 'ok', 'other' or ''.
export function ask({ title, body, ok, other, cancel }) {
  const dialog = $('dialog')
  if (dialog.open) dialog.close()
  const key = (value, label, style) => label && make('button', { type: 'submit', value, test: `dialog-${value || 'cancel'}`, class: style }, label)
  dialog.replaceChildren(make('form', { method: 'dialog' }, title ? make('h2', {}, title) : null, ...body,
    make('div', { class: 'choices' }, key('', cancel, 'plain') || null, key('other', other, 'plain') || null, key('ok', ok, 'main') || null)))
  // An implicit submit (Enter) means the main button, not the first one in the row.
  dialog.querySelector('form').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.tagName === 'INPUT') { event.preventDefault(); dialog.close('ok') }
  })
  dialog.returnValue = ''
  dialog.showModal()
  ;(dialog.querySelector('input') || dialog.querySelector('.main') || dialog).focus()
  return new Promise((done) => dialog.addEventListener('close', () => done(dialog.returnValue), { once: true }))
}

