"""What the names and addresses of demo customers are put together from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """`region` is its code in the list; `dealer` the area of a dealer there, who looks after some."""

    name: str
    region: str
    area: str
    dialling: str
    streets: tuple[str, ...]
    weight: int
    dealer: str | None = None


CITIES = (
    City("上海", "310000", "east", "021", ("浦东新区张江路", "徐汇区漕溪北路", "闵行区申长路", "嘉定区曹安公路"), 10),
    City("苏州", "320500", "east", "0512", ("工业园区星湖街", "高新区狮山路", "吴中区东吴北路"), 6),
    City("南京", "320100", "east", "025", ("鼓楼区中山北路", "江宁区将军大道", "建邺区江东中路"), 6, "nanjing"),
    City("杭州", "330100", "east", "0571", ("西湖区文三路", "滨江区江南大道", "余杭区文一西路"), 6),
    City("宁波", "330200", "east", "0574", ("鄞州区天童南路", "北仑区明州西路"), 3),
    City("北京", "110000", "north", "010", ("海淀区知春路", "朝阳区建国路", "丰台区南四环西路", "大兴区荣华中路"), 8),
    City("天津", "120000", "north", "022", ("滨海新区第三大街", "南开区卫津路", "西青区海泰发展道"), 4),
    City("武汉", "420100", "north", "027", ("洪山区珞喻路", "江汉区建设大道", "东湖高新区光谷大道"), 4),
    City("广州", "440100", "south", "020", ("天河区体育西路", "黄埔区科学大道", "番禺区番禺大道北"), 6),
    City(
        "深圳", "440300", "south", "0755", ("南山区科技园路", "福田区深南大道", "宝安区创业一路", "龙岗区坂雪岗大道"), 7
    ),
    City("成都", "510100", "south", "028", ("高新区天府大道", "武侯区人民南路", "锦江区东大街"), 5, "chengdu"),
)


@dataclass(frozen=True)
class Industry:
    """`chinese` and `english` say what such a company calls itself; `size` scales its people."""

    code: str
    chinese: tuple[str, ...]
    english: tuple[str, ...]
    size: int
    weight: int


INDUSTRIES = (
    Industry("software", ("软件", "信息技术", "数据服务"), ("Software", "Data Systems"), 150, 5),
    Industry("hardware", ("网络设备", "智能装备"), ("Networks", "Devices"), 400, 3),
    Industry("machinery", ("机械", "精密机械", "重工", "阀门"), ("Machinery", "Engineering"), 600, 6),
    Industry("electronics", ("电子", "半导体", "光电"), ("Electronics", "Components"), 500, 5),
    Industry("finance", ("融资租赁", "资产管理"), ("Capital", "Leasing"), 200, 2),
    Industry("retail", ("商贸", "百货", "连锁超市"), ("Trading", "Retail"), 350, 4),
    Industry("logistics", ("物流", "供应链管理", "国际货运"), ("Logistics", "Freight"), 300, 4),
    Industry("medical", ("医疗器械", "生物科技", "制药"), ("Medical", "Biotech"), 250, 4),
    Industry("education", ("教育科技", "文化传播"), ("Education", "Publishing"), 100, 2),
    Industry("services", ("企业管理咨询", "检测技术", "环境工程"), ("Consulting", "Services"), 80, 3),
)

# A company's own name: one syllable of each, as Chinese companies like them.
FIRST = "华金恒瑞宏德泰鑫博盛锦嘉安立科远东新天海联正中凯伟"
SECOND = "达信诺源通创丰宇利康辰拓维晟邦能捷腾润泽航程"
FORMS = (("有限公司", 7), ("股份有限公司", 2), ("集团有限公司", 1))

ENGLISH_FIRST = (
    "Amber", "Blue Harbor", "Cedar", "Crescent", "Delta", "Evergreen", "Falcon", "Granite", "Harvest", "Iron Bridge",
    "Juniper", "Keystone", "Lakeside", "Maple", "Northwind", "Oakfield", "Pioneer", "Quarry", "Redwood", "Silverline",
    "Summit", "Tidewater", "Union Square", "Vantage", "Westgate",
)  # fmt: skip
ENGLISH_FORMS = (("Ltd.", 3), ("Inc.", 3), ("GmbH", 1), ("Pte. Ltd.", 2), ("LLC", 1))
ENGLISH_STREETS = ("Harbour Road", "King Street", "Mill Lane", "Station Avenue", "Park Row", "Foundry Way")
# City and a pattern of telephone numbers that are set aside there for stories.
ENGLISH_CITIES = (
    ("London", "+44 20 7946 0{:03}"),
    ("Chicago", "+1 312 555 0{:03}"),
    ("Toronto", "+1 416 555 0{:03}"),
    ("Melbourne", "+61 3 7010 0{:03}"),
    ("Sydney", "+61 2 7010 0{:03}"),
)

NOTES = (
    "对交货期要求高，采购由总经理拍板。",
    "老客户介绍，首次接触在行业展会上。",
    "正在使用竞争对手的产品，合同明年到期。",
    "技术部门影响力大，需要先做样机测试。",
    "付款周期较长，注意账期。",
    "Prefers to be written to in English; decisions are made at head office.",
)
