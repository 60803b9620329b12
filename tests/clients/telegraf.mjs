// The same small bots as telegraf's documentation writes them.
import { Markup, Telegraf } from 'telegraf'
import { message, editedMessage } from 'telegraf/filters'

const [root, token, photo] = process.argv.slice(2)
const bot = new Telegraf(token, { telegram: { apiRoot: root } })

bot.start((ctx) => ctx.reply('Hello!'))
bot.command('styled', (ctx) => ctx.replyWithMarkdownV2('*Bold*, _italic_\\.'))
bot.command('html', (ctx) => ctx.replyWithHTML('<b>Bold</b>', { link_preview_options: { is_disabled: true } }))
bot.command('inline', (ctx) => ctx.reply('Choose:', Markup.inlineKeyboard([
  [Markup.button.callback('One', 'one'), Markup.button.callback('Two', 'two')],
  [Markup.button.url('Site', 'https://telegraf.js.org'), Markup.button.switchToChat('Share', 'query')]
])))
bot.action('one', async (ctx) => {
  await ctx.answerCbQuery('One it is')
  await ctx.editMessageText('You chose one', Markup.inlineKeyboard([Markup.button.callback('Back', 'back')]))
})
bot.command('keyboard', (ctx) => ctx.reply('Your answer?', Markup.keyboard([
  ['Yes', 'No'], [Markup.button.contactRequest('My number'), Markup.button.locationRequest('My place')]
]).resize().oneTime().placeholder('Decide')))
bot.command('remove', (ctx) => ctx.reply('Gone', Markup.removeKeyboard()))
bot.command('photo', (ctx) => ctx.replyWithPhoto({ source: photo }, { caption: 'A photo' }))
bot.command('document', (ctx) => ctx.replyWithDocument({ source: photo, filename: 'as a file.jpg' }))
bot.command('album', (ctx) => ctx.replyWithMediaGroup([
  { type: 'photo', media: { source: photo }, caption: 'First' },
  { type: 'photo', media: { source: photo } }
]))
bot.command('place', (ctx) => ctx.replyWithLocation(55.75, 37.62))
bot.command('poll', (ctx) => ctx.replyWithPoll('Tea?', ['Yes', 'No'], { is_anonymous: false }))
bot.command('who', async (ctx) => ctx.reply((await ctx.getChat()).first_name))
bot.command('busy', (ctx) => ctx.sendChatAction('upload_photo'))
bot.command('react', (ctx) => ctx.react('👍'))
bot.on(message('photo'), (ctx) => ctx.replyWithPhoto(ctx.message.photo.at(-1).file_id, { caption: 'The same' }))
bot.on(message('contact'), (ctx) => ctx.reply(ctx.message.contact.phone_number))
bot.on(editedMessage('text'), (ctx) => ctx.reply('Now: ' + ctx.editedMessage.text))
bot.on(message('text'), (ctx) => ctx.reply(ctx.message.text))

bot.catch((failure) => console.error('failed: ' + failure.message))
await bot.telegram.setMyCommands([{ command: 'start', description: 'Begin' }])
process.once('SIGTERM', () => bot.stop())
await bot.launch({ allowedUpdates: ['message', 'edited_message', 'callback_query'] }, () => console.log('ready'))
