// Texts to try a task with, in each language of a model. Written for this page.

export interface Example {
  readonly title: string;
  readonly text: string;
  readonly question?: string;
}

const paper = {
  en: 'Paper was made in China long before it was known in Europe. Around the year 105 an official at the court, Cai Lun, described how to make it from bark, hemp, rags and old fishing nets. The craft travelled west slowly: it reached Samarkand in the eighth century, and the first mills in Spain were built in the twelfth. Until then European books were written on parchment, and a single Bible could take the skins of two hundred sheep.',
  zh: '造纸术在传入欧洲之前，早已在中国流传。大约在公元105年，宫廷官员蔡伦记述了用树皮、麻头、破布和旧渔网造纸的方法。这门手艺慢慢向西传播：八世纪到达撒马尔罕，十二世纪西班牙建起了最早的造纸坊。在那之前，欧洲的书写在羊皮纸上，一部《圣经》可能要用掉二百只羊的皮。',
} as const;

const lighthouse =
  'The old lighthouse on the point has not burned oil since 1931. In that year an electric lamp was put in, and the keeper, Mary Holt, who had climbed the ninety-two steps every evening for eleven years, climbed them one last time to clean the lens. The village had asked her to stay and she did, in the white cottage below, selling honey and writing down the weather. Her notebooks, forty of them, were found in the cottage after her death. They record every storm between 1920 and 1958, with the force of the wind, the names of the ships that passed, and now and then a remark about a neighbour. Last year the university scanned them, and the weather service has begun to use her figures to test its models of the coast. A plaque was put on the door of the cottage in spring.';

const bridge =
  '老石桥建成于1786年，桥长四十米，有三个桥孔。两百多年来，镇上的人每天都从桥上走过，去对岸的集市买菜、卖布。去年夏天的洪水冲坏了中间的桥墩，镇政府一度打算把它拆掉，改建一座水泥桥。消息传开后，退休教师陈文华挨家挨户收集签名，两个月里有三千多人写下了自己的名字。省里的文物部门派人来看，认为石桥保存完好，值得修复。今年春天，工匠们用旧法烧制石灰，从原来的采石场运来青石，用了九十天把桥墩补好。五月一日，石桥重新开放，第一个走过去的是陈老师的小孙女。';

const abstract = {
  en: 'Language models are trained to predict the next token, but many tasks ask for an answer that a person would accept. We study how few labelled examples are needed to adapt a small pre-trained Transformer to a new task. We propose to choose the examples by the uncertainty of the model instead of at random. On four text classification data sets our method reaches the accuracy of random selection with half of the labels. The gain is largest when the classes are unbalanced.',
  zh: '目的 探讨早期康复训练对脑卒中患者肢体功能恢复的影响。方法 将90例脑卒中患者随机分为两组，对照组45例采用常规护理，观察组45例在常规护理基础上进行早期康复训练，比较两组患者的肢体运动功能和日常生活能力。结果 训练8周后，观察组患者的肢体功能评分和生活能力评分均高于对照组，差异有统计学意义。结论 早期康复训练能够促进脑卒中患者肢体功能的恢复，提高生活质量。',
} as const;

/** By task, then by language. */
export const examples: Readonly<Record<string, Readonly<Record<string, readonly Example[]>>>> = {
  ask: {
    en: [
      { title: 'How paper came to Europe', text: paper.en, question: 'When did the craft reach Samarkand?' },
      { title: 'A lighthouse', text: lighthouse, question: 'How many steps did the keeper climb?' },
    ],
    zh: [
      { title: '一座老石桥', text: bridge, question: '石桥是哪一年建成的？' },
      { title: '造纸术的传播', text: paper.zh, question: '谁记述了造纸的方法？' },
    ],
  },
  summarize: {
    en: [
      { title: 'An abstract', text: abstract.en },
      { title: 'A lighthouse', text: lighthouse },
      { title: 'How paper came to Europe', text: paper.en },
    ],
    zh: [
      { title: '论文摘要', text: abstract.zh },
      { title: '一座老石桥', text: bridge },
      { title: '造纸术的传播', text: paper.zh },
    ],
  },
  translate: {
    en: [
      {
        title: 'A short talk',
        text: 'Good morning! Where are you going? I am going to the station. It is raining, so take an umbrella.',
      },
      {
        title: 'At the park',
        text: 'A man in a red jacket is riding a bicycle through the park. Two children are playing with a dog near the water. An old woman sits on a bench and reads a newspaper.',
      },
    ],
    zh: [
      { title: '简单的对话', text: '早上好！你去哪里？我去车站。外面在下雨，带上伞吧。' },
      { title: '在公园里', text: '一个穿红衣服的男人在公园里骑自行车。两个孩子在水边和狗玩。' },
    ],
    de: [
      {
        title: 'Im Park',
        text: 'Ein Mann in einer roten Jacke fährt mit dem Fahrrad durch den Park. Zwei Kinder spielen mit einem Hund.',
      },
    ],
  },
  classify: {
    en: [
      {
        title: 'A film',
        text: 'The first half drags, but the last twenty minutes are so good that I forgave it everything.',
      },
      {
        title: 'Three short reviews',
        text: 'Wonderful acting and a story that stays with you.\nI left before the end.\nNot bad, but not worth the price either.',
      },
    ],
    zh: [
      { title: '住酒店', text: '房间很干净，服务员也热情，就是离地铁站有点远。' },
      { title: '三条短评', text: '位置很好，下次还会再来。\n早餐太差了，牛奶是凉的。\n房间有烟味，换了一间才好。' },
    ],
  },
  tag: {
    en: [
      {
        title: 'A letter',
        text: 'Ada Lovelace wrote to Charles Babbage from London in July 1843. A year later she travelled to Turin with the Royal Society.',
      },
      { title: 'A lighthouse', text: lighthouse },
    ],
    zh: [
      {
        title: '一条新闻',
        text: '昨天下午，北京大学的李明教授在上海图书馆介绍了他的新书《长江纪行》。腾讯公司和浙江省文化厅的代表也到场祝贺。',
      },
      { title: '一座老石桥', text: bridge },
    ],
  },
};
