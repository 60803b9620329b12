// The page's own words, in the two languages of its users. What the bot says never stands here.
const en = {
  users: 'Users', newUser: 'New user', name: 'Name', language: 'Language', create: 'Create', cancel: 'Cancel',
  note: 'A stand-in for Telegram and YooKassa. Nothing leaves this machine.', bot: 'bot', waiting: 'waiting for connection…',
  message: 'Message', start: 'Start', unblock: 'Unblock bot', block: 'Block bot', copyLink: "Copy this user's link",
  copied: 'Copied', emptyTitle: 'What can this bot do?', emptyText: 'Press “Start” below to begin.',
  pick: 'Photos or files…', samples: 'Send 12 sample photos', samplesFiles: 'Send 12 sample photos as files',
  sample: 'Send 1 sample photo', sticker: 'Sticker', voice: 'Voice message', contact: 'My contact',
  drop: 'Drop the photos here', sendPhotos: 'Send as photos', sendFiles: 'Send as files', edited: 'edited',
  today: 'Today', yesterday: 'Yesterday', ok: 'OK', open: 'Open', blocked: 'blocked', sharePhone: 'Share your phone number with the bot?',
  share: 'Share', phone: 'Phone', openAs: 'Open this link as', failed: 'That did not work', gone: 'A user with this number does not exist',
  voiceMessage: 'Voice message', commands: 'Commands', attach: 'Attach', send: 'Send', switchUser: 'Switch user', more: 'More',
  pay: 'Confirm and pay', openLink: 'Open this link?', drawing: 'Drawing the photos…', document: 'File',
  actions: { typing: 'typing…', upload_photo: 'sending a photo…', upload_document: 'sending a file…', choose_sticker: 'choosing a sticker…' },
  sizes: ['B', 'KB', 'MB'],
}
const ru = {
  users: 'Пользователи', newUser: 'Новый пользователь', name: 'Имя', language: 'Язык', create: 'Создать', cancel: 'Отмена',
  note: 'Вместо Telegram и ЮKassa. Всё остаётся на этой машине.', bot: 'бот', waiting: 'ожидание соединения…',
  message: 'Сообщение', start: 'Начать', unblock: 'Разблокировать', block: 'Заблокировать бота', copyLink: 'Скопировать ссылку пользователя',
  copied: 'Скопировано', emptyTitle: 'Что умеет этот бот?', emptyText: 'Нажмите «Начать» внизу.',
  pick: 'Фото или файлы…', samples: 'Отправить 12 фото-образцов', samplesFiles: 'Отправить 12 образцов файлами',
  sample: 'Отправить 1 фото-образец', sticker: 'Стикер', voice: 'Голосовое сообщение', contact: 'Мой контакт',
  drop: 'Отпустите фото здесь', sendPhotos: 'Отправить как фото', sendFiles: 'Отправить как файлы', edited: 'изменено',
  today: 'Сегодня', yesterday: 'Вчера', ok: 'ОК', open: 'Открыть', blocked: 'заблокирован', sharePhone: 'Отправить боту ваш номер телефона?',
  share: 'Отправить', phone: 'Телефон', openAs: 'Открыть ссылку как', failed: 'Не получилось', gone: 'Пользователя с таким номером нет',
  voiceMessage: 'Голосовое сообщение', commands: 'Команды', attach: 'Прикрепить', send: 'Отправить', switchUser: 'Сменить пользователя', more: 'Ещё',
  pay: 'Подтвердить и оплатить', openLink: 'Открыть ссылку?', drawing: 'Рисую фотографии…', document: 'Файл',
  actions: { typing: 'печатает…', upload_photo: 'отправляет фото…', upload_document: 'отправляет файл…', choose_sticker: 'выбирает стикер…' },
  sizes: ['Б', 'КБ', 'МБ'],
}

export const isRussian = (code) => /^(ru|be|uk|kk)\b/i.test(code || '')
export const wordsFor = (code) => (isRussian(code) ? ru : en)
