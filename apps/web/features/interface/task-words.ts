// The words of the pages that ask, summarize, translate and classify, in each language.

/** A page of the app. */
export type PageName = 'write' | 'ask' | 'summarize' | 'translate' | 'classify';

export interface TaskWords {
  readonly nav: Readonly<Record<PageName, string>>;
  readonly title: Readonly<Record<Exclude<PageName, 'write'>, string>>;
  readonly subtitle: Readonly<Record<Exclude<PageName, 'write'>, string>>;
  readonly run: Readonly<Record<Exclude<PageName, 'write'> | 'tag', string>>;
  readonly skip: string;
  readonly text: string;
  readonly textPlaceholder: string;
  readonly sourcePlaceholder: string;
  readonly runHint: string;
  readonly characters: (n: string) => string;
  readonly tooLong: (n: string) => string;
  readonly clear: string;
  readonly edit: string;
  readonly examples: string;
  readonly soon: string;
  readonly working: string;
  readonly stopped: string;
  readonly took: (time: string) => string;
  readonly loadedFirst: (time: string) => string;
  readonly result: string;
  readonly copy: string;
  // Models
  readonly model: string;
  readonly about: string;
  readonly noResults: string;
  readonly stated: string;
  readonly license: string;
  readonly size: (bytes: string) => string;
  readonly readsAtOnce: (tokens: string) => string;
  readonly small: (share: string) => string;
  readonly honest: string;
  readonly none: Readonly<Record<Exclude<PageName, 'write'> | 'tag', string>>;
  readonly train: string;
  readonly more: string;
  readonly needs: (files: string) => string;
  readonly dataFolder: string;
  readonly looking: string;
  readonly noRecipes: string;
  readonly copyCommand: string;
  readonly problem: (name: string) => string;
  // Ask
  readonly question: string;
  readonly questionPlaceholder: string;
  readonly answers: string;
  readonly noAnswer: string;
  readonly noAnswerBest: string;
  readonly noAnswerHint: string;
  readonly inText: string;
  readonly showInText: (answer: string) => string;
  readonly percent: string;
  // Summarize
  readonly merge: string;
  readonly mergeJoin: string;
  readonly mergeSummarize: string;
  readonly search: string;
  readonly searchFast: string;
  readonly searchThorough: string;
  readonly shortened: (from: string, to: string) => string;
  readonly partOf: (part: number, parts: number) => string;
  readonly ofSummaries: string;
  // Translate
  readonly direction: string;
  readonly from: string;
  readonly to: string;
  readonly swap: string;
  readonly unknownDirection: string;
  readonly languages: Readonly<Record<string, string>>;
  readonly source: string;
  readonly target: string;
  readonly sentences: (done: number, all: number) => string;
  // Classify
  readonly mode: string;
  readonly modeClasses: string;
  readonly modeNames: string;
  readonly teach: string;
  readonly eachLine: string;
  readonly classes: string;
  readonly lines: (n: number) => string;
  readonly labels: Readonly<Record<string, string>>;
  readonly entities: string;
  readonly noEntities: string;
  readonly hideType: (type: string) => string;
  readonly place: string;
  readonly type: string;
  readonly sureness: string;
  readonly moreEntities: (n: number) => string;
}

const en: TaskWords = {
  nav: { write: 'Write', ask: 'Ask', summarize: 'Summarize', translate: 'Translate', classify: 'Classify' },
  title: {
    ask: 'Ask a text.',
    summarize: 'The long of it, short.',
    translate: 'Say it in another language.',
    classify: 'What is it, and who is in it?',
  },
  subtitle: {
    ask: 'The model points at the places of your text that answer best. It adds nothing of its own.',
    summarize: 'A long text in a few sentences. What does not fit at once is read in parts.',
    translate: 'Sentence by sentence, the two languages side by side.',
    classify: 'Label a whole text, or find the names in it.',
  },
  run: { ask: 'Ask', summarize: 'Summarize', translate: 'Translate', classify: 'Classify', tag: 'Find names' },
  skip: 'Skip to the text field',
  text: 'The text',
  textPlaceholder: 'Paste or write a text…',
  sourcePlaceholder: 'Write what is to be translated…',
  runHint: 'Ctrl + Enter: start · Esc: stop',
  characters: (n) => `${n} characters`,
  tooLong: (n) => `At most ${n} characters.`,
  clear: 'Clear',
  edit: 'Edit the text',
  examples: 'Or try one of these',
  soon: 'It starts as soon as the models are found…',
  working: 'The model is reading…',
  stopped: 'Stopped. What is here so far stays.',
  took: (time) => `took ${time}`,
  loadedFirst: (time) => `loading before ${time}`,
  result: 'Result',
  copy: 'Copy',
  model: 'Model',
  about: 'About this model',
  noResults: 'no measured result on its card',
  stated: 'Measured, by its card',
  license: 'Licence',
  size: (bytes) => `${bytes} to load`,
  readsAtOnce: (tokens) => `reads ${tokens} tokens at once`,
  small: (share) => `8-bit in this browser: chooses the same in ${share} of the probes`,
  honest:
    'Small models, trained in minutes on a laptop’s processor. They are often wrong; the numbers beside their names say how often.',
  none: {
    ask: 'There is no model here yet that answers questions.',
    summarize: 'There is no model here yet that summarizes.',
    translate: 'There is no model here yet that translates.',
    classify: 'There is no model here yet that classifies.',
    tag: 'There is no model here yet that finds names.',
  },
  train: 'Train one with one command. This page finds it when it is done; nothing has to be restarted.',
  more: 'Train another one',
  needs: (files) => `It reads ${files}.`,
  dataFolder: 'These are not part of yumo: <folder> is where you have them.',
  looking: 'Looking for a new model every few seconds…',
  noRecipes: 'A list of all recipes:',
  copyCommand: 'Copy the command',
  problem: (name) => `${name} cannot be used:`,
  question: 'Question',
  questionPlaceholder: 'What do you want to know?',
  answers: 'Answers, the likeliest first',
  noAnswer: 'no answer in this text',
  noAnswerBest: 'The text does not seem to answer this.',
  noAnswerHint: 'The nearest the model found:',
  inText: 'In the text',
  showInText: (answer) => `Show in the text: ${answer}`,
  percent: 'probability',
  merge: 'Long texts',
  mergeJoin: 'a summary of each part',
  mergeSummarize: 'one summary of all parts',
  search: 'Search',
  searchFast: 'fast, word by word',
  searchThorough: 'thorough, 4 beams',
  shortened: (from, to) => `${from} characters → ${to}`,
  partOf: (part, parts) => `Part ${part} of ${parts}`,
  ofSummaries: 'A summary of the summaries',
  direction: 'From which language into which',
  from: 'From',
  to: 'To',
  swap: 'The other way round',
  unknownDirection: 'as its model does',
  languages: { en: 'English', zh: 'Chinese', de: 'German', fr: 'French', es: 'Spanish', ja: 'Japanese', ru: 'Russian' },
  source: 'Source',
  target: 'Translation',
  sentences: (done, all) => `${done} of ${all} sentences`,
  mode: 'What to look for',
  modeClasses: 'The whole text',
  modeNames: 'Names in it',
  teach: 'Teach it classes of your own',
  eachLine: 'Each line by itself',
  classes: 'Classes',
  lines: (n) => (n === 1 ? '1 line' : `${n} lines`),
  labels: {},
  entities: 'Found',
  noEntities: 'The model found no names in this text.',
  hideType: (type) => `Show ${type}`,
  place: 'Text',
  type: 'Type',
  sureness: 'Probability',
  moreEntities: (n) => `… and ${n} more, marked in the text.`,
};

const zh: TaskWords = {
  nav: { write: '写作', ask: '问答', summarize: '摘要', translate: '翻译', classify: '分类' },
  title: {
    ask: '向一段文字提问。',
    summarize: '长话短说。',
    translate: '换一种语言来说。',
    classify: '它是什么？里面有谁？',
  },
  subtitle: {
    ask: '模型会指出文中最能回答问题的地方，不会添加自己的话。',
    summarize: '把长文变成几句话。一次读不完的，会分段读。',
    translate: '逐句翻译，两种语言左右对照。',
    classify: '给整段文字贴标签，或找出其中的名称。',
  },
  run: { ask: '提问', summarize: '生成摘要', translate: '翻译', classify: '分类', tag: '找出名称' },
  skip: '跳到文字框',
  text: '文字',
  textPlaceholder: '粘贴或写下一段文字……',
  sourcePlaceholder: '写下要翻译的内容……',
  runHint: 'Ctrl + Enter：开始 · Esc：停止',
  characters: (n) => `${n} 字`,
  tooLong: (n) => `最多 ${n} 字。`,
  clear: '清空',
  edit: '修改文字',
  examples: '或者试试下面的例子',
  soon: '找到模型后立刻开始……',
  working: '模型正在读……',
  stopped: '已停止，已有的结果会保留。',
  took: (time) => `用时 ${time}`,
  loadedFirst: (time) => `此前载入 ${time}`,
  result: '结果',
  copy: '复制',
  model: '模型',
  about: '关于这个模型',
  noResults: '其说明中没有测得的结果',
  stated: '说明中测得的结果',
  license: '许可证',
  size: (bytes) => `需载入 ${bytes}`,
  readsAtOnce: (tokens) => `一次读 ${tokens} 个词元`,
  small: (share) => `在本浏览器中用 8 位：${share} 的试题上选择相同`,
  honest: '这些是小模型，用普通处理器几分钟就能训练出来。它们常常出错，名称旁的数字说明了出错有多频繁。',
  none: {
    ask: '这里还没有会回答问题的模型。',
    summarize: '这里还没有会写摘要的模型。',
    translate: '这里还没有会翻译的模型。',
    classify: '这里还没有会分类的模型。',
    tag: '这里还没有会找名称的模型。',
  },
  train: '用一条命令就能训练一个。训练好后本页会自动找到它，什么都不必重启。',
  more: '再训练一个',
  needs: (files) => `读取 ${files}。`,
  dataFolder: '这些数据不随 yumo 提供：<folder> 是你存放它们的文件夹。',
  looking: '每隔几秒查看一次有没有新模型……',
  noRecipes: '全部训练配方的列表：',
  copyCommand: '复制命令',
  problem: (name) => `${name} 无法使用：`,
  question: '问题',
  questionPlaceholder: '你想知道什么？',
  answers: '答案，最可能的在前',
  noAnswer: '文中没有答案',
  noAnswerBest: '这段文字似乎没有回答这个问题。',
  noAnswerHint: '模型找到的最接近的内容：',
  inText: '在文中',
  showInText: (answer) => `在文中显示：${answer}`,
  percent: '概率',
  merge: '长文',
  mergeJoin: '每段各写摘要',
  mergeSummarize: '全文合写一个摘要',
  search: '搜索方式',
  searchFast: '快：逐词写出',
  searchThorough: '细：4 路束搜索',
  shortened: (from, to) => `${from} 字 → ${to} 字`,
  partOf: (part, parts) => `第 ${part} 段，共 ${parts} 段`,
  ofSummaries: '摘要的摘要',
  direction: '从哪种语言译成哪种语言',
  from: '从',
  to: '译成',
  swap: '互换方向',
  unknownDirection: '由模型决定',
  languages: { en: '英语', zh: '中文', de: '德语', fr: '法语', es: '西班牙语', ja: '日语', ru: '俄语' },
  source: '原文',
  target: '译文',
  sentences: (done, all) => `已译 ${done} 句，共 ${all} 句`,
  mode: '要找什么',
  modeClasses: '整段文字',
  modeNames: '其中的名称',
  teach: '教它你自己的分类',
  eachLine: '每行单独分类',
  classes: '类别',
  lines: (n) => `${n} 行`,
  labels: {
    positive: '正面',
    negative: '负面',
    neutral: '中性',
    name: '人名',
    person: '人名',
    per: '人名',
    organization: '组织',
    org: '组织',
    location: '地点',
    loc: '地点',
    address: '地址',
    company: '公司',
    government: '政府',
    book: '书名',
    game: '游戏',
    movie: '影视',
    position: '职位',
    scene: '景点',
    misc: '其他',
  },
  entities: '找到的名称',
  noEntities: '模型在这段文字里没有找到名称。',
  hideType: (type) => `显示 ${type}`,
  place: '文字',
  type: '类型',
  sureness: '概率',
  moreEntities: (n) => `……还有 ${n} 个，已在文中标出。`,
};

export const taskWords: Readonly<Record<'en' | 'zh', TaskWords>> = { en, zh };
