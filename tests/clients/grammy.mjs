// Small bots as grammy's documentation writes them, in one: it answers with what it hears, shows keyboards, sends a photo
// and an album. Nothing here knows of the sandbox but the address, which the library lets everybody set.
import { Bot, InlineKeyboard, InputFile, InputMediaBuilder, Keyboard } from 'grammy'

const [root, token, photo] = process.argv.slice(2)
const bot = new Bot(token, { client: { apiRoot: root } })

bot.command('start', (ctx) => ctx.reply('Hello!'))
bot.command('styled', (ctx) => ctx.reply('*Bold*, _italic_\\.', { parse_mode: 'MarkdownV2' }))
bot.command('html', (ctx) => ctx.reply('<b>Bold</b>', { parse_mode: 'HTML', link_preview_options: { is_disabled: true } }))
bot.command('inline', (ctx) => ctx.reply('Choose:', {
  reply_markup: new InlineKeyboard().text('One', 'one').text('Two', 'two').row().url('Site', 'https://grammy.dev')
    .switchInline('Share', 'query').copyText('Copy', 'a code')
}))
bot.callbackQuery('one', async (ctx) => {
  await ctx.answerCallbackQuery({ text: 'One it is' })
  await ctx.editMessageText('You chose one', { reply_markup: new InlineKeyboard().text('Back', 'back') })
})
bot.command('keyboard', (ctx) => ctx.reply('Your answer?', {
  reply_markup: new Keyboard().text('Yes').text('No').row().requestContact('My number').requestLocation('My place')
    .resized().oneTime().placeholder('Decide')
}))
bot.command('remove', (ctx) => ctx.reply('Gone', { reply_markup: { remove_keyboard: true } }))
bot.command('photo', (ctx) => ctx.replyWithPhoto(new InputFile(photo), { caption: 'A photo', reply_parameters: { message_id: ctx.msg.message_id } }))
bot.command('document', (ctx) => ctx.replyWithDocument(new InputFile(photo, 'as a file.jpg')))
bot.command('album', (ctx) => ctx.replyWithMediaGroup([
  InputMediaBuilder.photo(new InputFile(photo), { caption: 'First' }),
  InputMediaBuilder.photo(new InputFile(photo))
]))
bot.command('place', (ctx) => ctx.replyWithLocation(55.75, 37.62))
bot.command('poll', (ctx) => ctx.replyWithPoll('Tea?', ['Yes', 'No'], { is_anonymous: false }))
bot.command('who', async (ctx) => ctx.reply((await ctx.getChat()).first_name))
bot.command('busy', (ctx) => ctx.replyWithChatAction('upload_photo'))
bot.command('react', (ctx) => ctx.react('👍'))
bot.on('message:photo', (ctx) => ctx.replyWithPhoto(ctx.msg.photo.at(-1).file_id, { caption: 'The same' }))
bot.on('message:contact', (ctx) => ctx.reply(ctx.msg.contact.phone_number))
bot.on('edited_message:text', (ctx) => ctx.reply('Now: ' + ctx.msg.text))
bot.on('message:text', (ctx) => ctx.reply(ctx.msg.text))

bot.catch((failure) => console.error('failed: ' + failure.error.message))
await bot.api.setMyCommands([{ command: 'start', description: 'Begin' }])
process.once('SIGTERM', () => bot.stop())
await bot.start({ allowed_updates: ['message', 'edited_message', 'callback_query'], onStart: () => console.log('ready') })
