"""Small labelled requests for the classifier's tests, written for them."""

from classifier.samples import Samples

REQUESTS: dict[str, tuple[str, ...]] = {
    "噪音": (
        "楼下烧烤店每天营业到凌晨，油烟和噪音让人无法入睡",
        "工地夜间施工到两点，打桩噪音扰民，孩子第二天没法上学",
        "广场舞音响声音太大，从早上六点一直响到九点",
        "隔壁酒吧低音炮震得墙都在抖，晚上十二点还不停",
        "小区旁边的空调外机噪音很大，白天晚上都在响",
        "学校门口的广播声音太大，周末早上也放音乐",
    ),
    "欠薪": (
        "我在工地干了三个月，老板拖欠工资两万元一直不给",
        "工厂倒闭了，二十多名工人的工资还没有结清",
        "饭店拖欠我四千块钱工资，劳动合同也没有签",
        "公司三个月没发工资，社保也断缴了",
        "包工头说年底结账，现在电话打不通，工钱没着落",
        "离职以后公司不给加班费和最后一个月工资",
    ),
    "停车": (
        "小区门口的消防通道被私家车长期占用停车",
        "医院周边没有停车位，大家只能把车停在人行道上",
        "停车场收费十五元一小时，收费标准没有公示",
        "地下车库的车位只卖不租，业主没有地方停车",
        "僵尸车在路边停了半年，占着公共停车位没人管",
        "共享电动车乱停放，把盲道堵住了",
    ),
}


def requests() -> Samples:
    """Return the eighteen requests with their labels."""
    pairs = [(text, label) for label, texts in REQUESTS.items() for text in texts]
    return Samples(tuple(t for t, _ in pairs), tuple(label for _, label in pairs), (), "0" * 64)
