/** The assistant's texts in further languages. */
import type { Texts } from './texts-shape.ts'

export const pt: Texts = {
  greeting: (business, trade) =>
    `Olá! Sou o assistente automático de ${business}. Estou aqui para ajudar com ${trade}. Em que posso ajudar hoje?`,
  opening: (business) => `Olá, sou o assistente automático de ${business}. Anotei isso para a equipe.`,
  noted: 'Obrigado.',
  ask: {
    problem: (again) =>
      again ? 'Não entendi bem. O que quebrou ou que serviço precisa?' : 'Qual é o problema ou que serviço precisa?',
    address: (again) =>
      again
        ? 'Não encontrei um endereço aí. Envie rua, número e cidade, ou compartilhe sua localização.'
        : 'Qual é o endereço? Também pode compartilhar sua localização.',
    urgency: (again) =>
      again ? 'É para hoje, para esta semana ou pode esperar?' : 'Qual é a urgência: hoje, esta semana ou sem pressa?',
  },
  emergency: (danger) =>
    danger === null
      ? 'Isto parece uma emergência: avisei o proprietário.'
      : 'Isto parece perigoso. Saia do local e, se alguém estiver em perigo, ligue já para a emergência (193, 190 ou 112). Avisei o proprietário.',
  person: (business) => `Claro. Pedi a alguém de ${business} que continue; vão escrever ou ligar.`,
  done: (business) => `Obrigado, é tudo de que preciso. Passei tudo a ${business}; uma pessoa vai responder.`,
  outOfArea: (business) =>
    `Obrigado por perguntar. Lamento: esse lugar fica fora da área que ${business} atende. Avisei a equipe, caso possam recomendar alguém.`,
  cannot: {
    price: 'Eu não posso dar preços; a equipe dirá.',
    when: 'Eu não posso marcar horários; a equipe combinará um com você.',
    read: 'Não posso ouvir gravações nem ver imagens, mas a equipe pode. Escreva também com palavras, por favor.',
  },
  trades: {
    ...{ plumbing: 'encanamento', electrical: 'eletricidade', heating: 'aquecimento' },
    ...{ locksmith: 'chaveiro', garage_doors: 'portões de garagem', general: 'reparos em casa' },
  },
  labels: {
    ...{ problem: 'Problema', address: 'Endereço', urgency: 'Urgência', unknown: 'não se sabe', low: 'sem pressa' },
    ...{ normal: 'esta semana', high: 'hoje', emergency: 'EMERGÊNCIA', asksForPerson: 'Pede para falar com uma pessoa.' },
  },
}

export const ru: Texts = {
  greeting: (business, trade) =>
    `Здравствуйте! Это автоматический помощник ${business}. Помогу с вопросами: ${trade}. Что у вас случилось?`,
  opening: (business) => `Здравствуйте, это автоматический помощник ${business}. Я всё записал для команды.`,
  noted: 'Спасибо.',
  ask: {
    problem: (again) =>
      again ? 'Я не совсем понял. Что сломалось или что нужно сделать?' : 'Что случилось или что нужно сделать?',
    address: (again) =>
      again
        ? 'Не нашёл здесь адреса. Напишите улицу, дом и город или отправьте геопозицию.'
        : 'Какой у вас адрес? Можно отправить геопозицию.',
    urgency: (again) =>
      again
        ? 'Это нужно сегодня, на этой неделе или может подождать?'
        : 'Насколько срочно: сегодня, на этой неделе или не к спеху?',
  },
  emergency: (danger) =>
    danger === null
      ? 'Похоже на аварию: я сообщил владельцу.'
      : 'Похоже, это опасно. Отойдите в безопасное место и, если кому-то грозит опасность, звоните 112. Я сообщил владельцу.',
  person: (business) => `Конечно. Я попросил сотрудника ${business} продолжить: вам напишут или позвонят.`,
  done: (business) => `Спасибо, это всё, что нужно. Я передал всё в ${business}; вам ответит человек.`,
  outOfArea: (business) =>
    `Спасибо, что обратились. К сожалению, это место вне зоны, где работает ${business}. Я сообщил команде: возможно, они кого-то посоветуют.`,
  cannot: {
    price: 'Цены я назвать не могу, их скажет сотрудник.',
    when: 'Записать на время я не могу, его согласует сотрудник.',
    read: 'Слушать записи и смотреть картинки я не могу, но сотрудник посмотрит. Напишите, пожалуйста, и словами.',
  },
  trades: {
    ...{ plumbing: 'сантехника', electrical: 'электрика', heating: 'отопление' },
    ...{ locksmith: 'замки', garage_doors: 'гаражные ворота', general: 'ремонт в доме' },
  },
  labels: {
    ...{ problem: 'Проблема', address: 'Адрес', urgency: 'Срочность', unknown: 'неизвестно', low: 'не к спеху' },
    ...{ normal: 'на этой неделе', high: 'сегодня', emergency: 'АВАРИЯ', asksForPerson: 'Просит человека.' },
  },
}

export const ar: Texts = {
  greeting: (business, trade) =>
    `مرحبًا! هذا المساعد الآلي لـ ${business}. أنا هنا لمساعدتك في ${trade}. كيف يمكنني مساعدتك اليوم؟`,
  opening: (business) => `مرحبًا، هذا المساعد الآلي لـ ${business}. سجّلت ذلك للفريق.`,
  noted: 'شكرًا.',
  ask: {
    problem: (again) => (again ? 'لم أفهم تمامًا. ما الذي تعطّل أو ما العمل المطلوب؟' : 'ما المشكلة أو ما العمل المطلوب؟'),
    address: (again) =>
      again ? 'لم أجد عنوانًا في ذلك. أرسل الشارع والرقم والمدينة أو شارك موقعك.' : 'ما العنوان؟ يمكنك أيضًا مشاركة موقعك.',
    urgency: (again) =>
      again ? 'هل هو لليوم أم لهذا الأسبوع أم يمكنه الانتظار؟' : 'ما مدى الاستعجال: اليوم، هذا الأسبوع، أم لا عجلة؟',
  },
  emergency: (danger) =>
    danger === null
      ? 'يبدو هذا حالة طارئة: أبلغت المالك.'
      : 'يبدو هذا خطيرًا. ابتعد عن المكان، وإن كان أحد في خطر فاتصل برقم الطوارئ (112) الآن. أبلغت المالك.',
  person: (business) => `بالطبع. طلبت من أحد في ${business} أن يتابع؛ سيكتبون لك أو يتصلون بك.`,
  done: (business) => `شكرًا، هذا كل ما أحتاجه. نقلت كل شيء إلى ${business}؛ سيرد عليك شخص.`,
  outOfArea: (business) => `شكرًا لسؤالك. آسف، هذا المكان خارج المنطقة التي يخدمها ${business}. أبلغت الفريق لعلهم يوصون بأحد.`,
  cannot: {
    price: 'لا يمكنني ذكر الأسعار؛ سيخبرك الفريق.',
    when: 'لا يمكنني تحديد المواعيد؛ سيتفق الفريق معك على وقت.',
    read: 'لا يمكنني سماع التسجيلات أو رؤية الصور، لكن الفريق يمكنه ذلك. اكتبها بالكلمات أيضًا من فضلك.',
  },
  trades: {
    ...{ plumbing: 'السباكة', electrical: 'الكهرباء', heating: 'التدفئة' },
    ...{ locksmith: 'الأقفال', garage_doors: 'أبواب المرائب', general: 'إصلاحات المنزل' },
  },
  labels: {
    ...{ problem: 'المشكلة', address: 'العنوان', urgency: 'الاستعجال', unknown: 'غير معروف', low: 'لا عجلة' },
    ...{ normal: 'هذا الأسبوع', high: 'اليوم', emergency: 'حالة طارئة', asksForPerson: 'يطلب شخصًا.' },
  },
}

export const de: Texts = {
  greeting: (business, trade) =>
    `Hallo! Hier ist der automatische Assistent von ${business}. Ich helfe Ihnen gern beim Thema ${trade}. Worum geht es?`,
  opening: (business) => `Hallo, hier ist der automatische Assistent von ${business}. Ich habe das für das Team notiert.`,
  noted: 'Danke.',
  ask: {
    problem: (again) =>
      again
        ? 'Das habe ich nicht ganz verstanden. Was ist kaputt oder was soll gemacht werden?'
        : 'Was ist passiert oder was soll gemacht werden?',
    address: (again) =>
      again
        ? 'Ich konnte darin keine Adresse finden. Bitte schicken Sie Straße, Hausnummer und Ort oder Ihren Standort.'
        : 'Wie ist die Adresse? Sie können auch Ihren Standort schicken.',
    urgency: (again) =>
      again
        ? 'Soll es heute sein, diese Woche, oder kann es warten?'
        : 'Wie dringend ist es: heute, diese Woche oder ohne Eile?',
  },
  emergency: (danger) =>
    danger === null
      ? 'Das klingt nach einem Notfall: Ich habe den Inhaber benachrichtigt.'
      : 'Das klingt gefährlich. Bringen Sie sich in Sicherheit; ist jemand in Gefahr, rufen Sie sofort 112. Ich habe den Inhaber benachrichtigt.',
  person: (business) => `Gern. Ich habe jemanden von ${business} gebeten zu übernehmen; man schreibt Ihnen oder ruft Sie an.`,
  done: (business) =>
    `Danke, das ist alles, was ich brauche. Ich habe alles an ${business} weitergegeben; ein Mensch meldet sich bei Ihnen.`,
  outOfArea: (business) =>
    `Danke für Ihre Anfrage. Leider liegt dieser Ort außerhalb des Gebiets von ${business}. Ich habe das Team informiert, falls es jemanden empfehlen kann.`,
  cannot: {
    price: 'Preise kann ich nicht nennen; das macht das Team.',
    when: 'Termine kann ich nicht vergeben; das Team stimmt eine Zeit mit Ihnen ab.',
    read: 'Aufnahmen und Bilder kann ich nicht auswerten, das Team schon. Bitte schreiben Sie es auch in Worten.',
  },
  trades: {
    ...{ plumbing: 'Sanitär', electrical: 'Elektrik', heating: 'Heizung' },
    ...{ locksmith: 'Schlösser', garage_doors: 'Garagentore', general: 'Reparaturen' },
  },
  labels: {
    ...{ problem: 'Problem', address: 'Adresse', urgency: 'Dringlichkeit', unknown: 'nicht bekannt', low: 'ohne Eile' },
    ...{ normal: 'diese Woche', high: 'heute', emergency: 'NOTFALL', asksForPerson: 'Möchte mit einem Menschen sprechen.' },
  },
}

export const fr: Texts = {
  greeting: (business, trade) =>
    `Bonjour ! Ici l'assistant automatique de ${business}. Je peux vous aider pour : ${trade}. Que puis-je faire pour vous ?`,
  opening: (business) => `Bonjour, ici l'assistant automatique de ${business}. J'ai noté cela pour l'équipe.`,
  noted: 'Merci.',
  ask: {
    problem: (again) =>
      again
        ? "Je n'ai pas bien compris. Qu'est-ce qui est en panne ou que faut-il faire ?"
        : 'Quel est le problème ou que faut-il faire ?',
    address: (again) =>
      again
        ? "Je n'y ai pas trouvé d'adresse. Envoyez la rue, le numéro et la ville, ou partagez votre position."
        : "Quelle est l'adresse ? Vous pouvez aussi partager votre position.",
    urgency: (again) =>
      again
        ? "Est-ce pour aujourd'hui, cette semaine, ou cela peut-il attendre ?"
        : "Quelle urgence : aujourd'hui, cette semaine, ou pas pressé ?",
  },
  emergency: (danger) =>
    danger === null
      ? "Cela ressemble à une urgence : j'ai prévenu le responsable."
      : "Cela semble dangereux. Mettez-vous à l'abri et, si quelqu'un est en danger, appelez le 112 tout de suite. J'ai prévenu le responsable.",
  person: (business) =>
    `Bien sûr. J'ai demandé à quelqu'un de ${business} de prendre la suite ; on vous écrira ou vous appellera.`,
  done: (business) => `Merci, c'est tout ce qu'il me faut. J'ai tout transmis à ${business} ; une personne vous répondra.`,
  outOfArea: (business) =>
    `Merci de votre demande. Désolé : ce lieu est hors de la zone que ${business} dessert. J'ai prévenu l'équipe, au cas où elle pourrait vous recommander quelqu'un.`,
  cannot: {
    price: "Je ne peux pas donner de prix ; l'équipe vous le dira.",
    when: "Je ne peux pas fixer de rendez-vous ; l'équipe conviendra d'une heure avec vous.",
    read: "Je ne peux ni écouter d'enregistrements ni voir d'images, mais l'équipe le fera. Écrivez-le aussi, s'il vous plaît.",
  },
  trades: {
    ...{ plumbing: 'plomberie', electrical: 'électricité', heating: 'chauffage' },
    ...{ locksmith: 'serrurerie', garage_doors: 'portes de garage', general: 'réparations' },
  },
  labels: {
    ...{ problem: 'Problème', address: 'Adresse', urgency: 'Urgence', unknown: 'inconnu', low: 'pas pressé' },
    ...{ normal: 'cette semaine', high: "aujourd'hui", emergency: 'URGENCE', asksForPerson: 'Demande une personne.' },
  },
}
