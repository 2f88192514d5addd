"""Made by tests/make_license_vectors.py; keys and signatures are base64."""

MAKER_KEY = """
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwdK+AWYYZrBDQnUSoZCzkNT3EtyuTsNf3lMIsvIkIWxR+vowpaf8WNdr
q2f+Y2d8XYm3P2Bts4lDOrq0W9pgML7cuQHYyPtBKhX9PcHWvR5Lk5lcWfFfpgn4OfHIaBzqoGqjo/4BFJJNWaQQYBT1J7J7hq5n
3rZ+9yK2uQRGigSjFTpGHmIKhmqpUHTOuAw6/U4o0s0l1+ksnmObsvhYZIwlmrlpj78PUBN0Hd4EnzDb8StzKn7rpP6NSG/hLZai
79Qq+JX9O6IMD21GvN8UVA9eAcdgBth+4nONLn1F32XGjqt/d7rXRiP4b8uLqgjFksx7JuPSKDw6Ma790sYkDwIDAQAB
"""

# What was signed -> the signature.
SIGNED = {
    "recording": """
oLpX3gjYppB+pFyLXFVOnrKtTwGE5DVxvRunJwQVBUL/XXCquVDFmMHCaBaUMT2lKvxyOB+hOia4FhtQXJ1mySZpYJ0FEHMMd5lV
3H5qrOsQ1d5qmSqvDGz8dqF/XrfgeVE7vNHajNO/qC/RmYnNcwszh72V68kYyAbshKetBIG4Xx5pn+frBASofJqw2V5BMFQ0q6cG
i5j8BuosoiDHe1VH3Y9hs9xVrfo9DmU2/ZRB3Yb2YpyvG2E71ZQwydbYpx0hH+6Hw937cJZTD3Z8py67OjH2eInCQHu1dAJshAkC
IA48tLFtvCuZtnN7BULitqrywEYlIveSx4ILTexewA==
""",
    "5": """
cYr8FteBEaw28JSXnPLB4hriYvXueBrBEJDI748rJjYkMf7gZrKXz9m4zGhyWu/9UY96U6mU84fIsD4FvUKrWMp59YC3MnoXDUuT
HicTnMzfDIw/ci2cJeTpE+tqWucyvxPYlmHsy7fWK8Qt9P1yaRKoTFoZ1gmRLkGDjF1Q46mECjG+8Dk7qN6tGn3gIOWdxKAktOr7
3Eek7K2iiL9tJ4lD7fogu4FaxLGGNs/NTkj4EVN0Yyz+biMfDeoy+UmIFmFK+Xdi0FuvpXvnx3G6hVPaZohxu0C7MXJYJlHzWqrk
G+MtLQWi4teXH7AISLsi60zXQR7ILX36Z7ZeujJLqA==
""",
    '"x"': """
UgiUqPRmIp9kJe4o0TJNZ3D/MvUJ7xXT+oCFrWtAw6HRN4nkNuiBZlmiagUSML5sEgQPKN+Jd2unXZoKimmSWpl3h5N1azSTmXGz
4h2cSL/Ogd/jKrr1dqRrsFrMCyllGtMsBmOIAY4MRMv6ivJospHiNS+rWVmcCmmLtOd8fzCHMIZrGT6meBsX4vOOWPzzvCSe1l1o
AR0lzmdEQBAwZNwk1YaRMqPnPm4hsRKiuUh+kY2D7Hg0a0B3EMoSHX45gF6a4gKm+qWoqr9OlCgyol9huWT9P5j5J3cWiy0IuWSC
dZkDKsSIrgJ9Q4MuuzdedYZn4MLWUyJFDcKykAUNpA==
""",
    "[]": """
EeRZTz5ya5LCQyx7JNFqG9PRwiupScoJu9PqssofvDOiEJfhUm3I77kBLjoFs3VrLctsjbZbsX91po1puvRBIT07lfvQSP9grZn/
fnFMm1zMin9XuCUj+q//nVea0Wc6Qe1XZ85hIoYCedpAw935CGSG6w13+zA76pocYiagyMJAOl6yvK+OGjYsUw+PoP4Avg5fwpCr
p0HQ020vKgRH/IUTfZUPKMI3BPJpQ6H9bdPXXFmNehGEFOhf5WVi2vM1d1DjXRS0o4RzfxQFMW9+R3Te0y6x4mf7GjBCARCv5BX3
max2h9EOwU1GbEimfFoBkzI2mOAB1amp23R+uUrolw==
""",
    "Aufnahme für später": """
gBqVgzNYmzhbUtJysFRziNo1ez1CVraaoFHRQ1ETJjAPqBW1QeoI/VNPbRiMDzD7Al9eKwykRoB4lt7LKPA49viSErk5dz3KZg/1
dD3bYzsSAfYZnjKzEtmN3ZwUtBQyxR92sOzMZif+XHD+coNo0JjSY2RsNFr01MwkObmKnUx86bcueVU84sBfbiIXTH69jgH8Bxga
1di4ItiTDVUcKdNB/mKLOLBz8uLq2B+Qov4kSCOTBPuQCqwGFOuYbU/sA1Oxkve/rbvFSr8GnbHilZFLPyMURa5Vb7lR8RY39wrT
kiZL6QSOG4rRFB1PUiWyX/BAjaDF2iKjTfy7o0u+LQ==
""",
    '{"features": ["recording", "playback"]}': """
Lpv3BaADr5qroNeUgPK9ZTjWdL7KH9FpIUX3TxHdhht4WGI4M6tfSoHntS1IRroM8Io5Qedx1cju3pZ+8cn8xJHIJ6fjqlysdfa7
9GSnNiSbZqvkYKsrQ4fIC7DQcIVi0UKzJYDOmMj2NM1gEg1rUR4hAJ/mkJaA7p/MDtZK5QMkZ5aUNpW0nhiDbwa7V54TDAiSii3G
BWi7DE1pdBH1sC0Va6e64hDs+lx704qnyq2nbW01c6mPbAd6kR1uonKzi0DnCZw23DuEPWcc0e/X7Z/qk23bXI6/2bZodPP3+TyU
i4NCenBQ8Mm7vy/YJPRT+HgsyngPFLSJVS05hLQTRA==
""",
    '{"feature": "recording"}': """
ZX4d7qwzxg7D3B3odXc8FJRkZSDJbrLYoLw3JTN4DSXSMsqvjp6jz09g01mWd+xxQSfLytvP7IkASs/cAPBx//OZ3hB8+wo3stcN
3OY8coNCwZdlduWHQdAKKRmtZ0bwG9Hhix84bNHoPphOJAFDvglSkVHAIRY/fAN62qQhM/ZDk7N7K61rpCt7T1GLogf07WmFnWDl
Zod4+HS3vc3B+SagjFMABsJZAGcpPK2AL7mJdSnTwkHKGPtP0lF/OHeWCJNjqid2+GnbKa6TirmP2v7Y/oF2jnvadTP0O/Kn5dQI
AonZVy6D7030G3c0b3H9s/B+maWRL40vgU4qK+7aCw==
""",
    '{"features": ["export"], "device_id": "d-1", "seats": 5}': """
kVPCIyXQesf8s8aPt3aUPIYptI85ETIWgaI94WiCJ6X/felYyTYN52zM9Rcgft/wHh7o2HuXhc2sfbh29oX6dvwu3rhKgAZcs2w0
bsojyQJHwGUqsbNGERetks+vHDCaO7xCElOc7I0Nf+db0GCHinXEdLbMisCUKjtdEbHITwrIvSsP69tkWxQp4NBXieh3D+OlwxQ5
/dlr8AapM0vWZdH0R6T9e/RiVaZZLaDRulgcZaopFFrmBK7VF/gih0sI/JrfjKfGnd7bJGZFgMJL6h3fU/j5PB6HxXWZjJAvqewk
J3Y4e8M2N7q11JcO8Hz950l7rTSTxoT/j6AEZ0FRVg==
""",
    '{"features": ["export"], "device_id": null}': """
Bu0pusACM0AXLx4jHxVufyEGMcUWQ22vDWfjimsGulFZxKsukxgidAFV3d5SinG+Qep+0tX990JJEcifWNLA4nWI9PXZkygynxkD
dptMbJUPKNyOa1Fvgz+SR+N6p6gntFdJLcYlJ2qxga4HqADZ0X4OBcDvMG6kfNsnXvQTLvtBchzwupQvK4C+Q+YNN1V2bCOJ2HBd
u0JSDVwGmEFaMz24wnkDA6Okoe9Q73CkSImDO5VmrHcQLqDoWw91AKVj+SOQ5f2KpkRaw73wHoNNKS2+VDZ6spK+T+5xXoDpNitr
AvxhjlYzIy4xx17Av2uxMpJppTNlGxKY0rDmcEmAAQ==
""",
    '{"features": ["export"], "device_id": "d-2"}': """
RYU0BwAV0LqPFggJlMM0BS7R7AZ51NPn/d9ASWbGa/8sJi4JUFJg9mkZXsRWnQg7QIKEEGlNdNLn3kJDtugMLp4cr2IiqbOEabfX
HqjOwvAK7PFu9eWqaesUQfLfuFnKHNdxE3laT2f1c2+Nr+ED6SEY1lhT4qchX8H4IJstRttcJuAAye3bEszDz9uzIPEgqMY6ACVM
9D2sC93PoY+YIK/TLTaENQM0AyO71MfdFFOHmmTZGwtSSndeQF2AYrFFvr3BzXGW5DbPN1jS8CgeSHj+Ybyqf6Onw+idC1UKJY/7
nHmuLIyRlDuQt2QLl5hOA9Jt78o7P+dp2CrKcxhJrg==
""",
    '{"features": ["export"], "device_id": 1}': """
ZWJOQ3l6KZfRemsbg21KO3x0gJVmllsHyFQhY66da9wkcvTFiyznrMUxTeistHTowncBMFCtdE03sRRvOa3/EwKTBdkvQ+gGkkeF
PUaHnnqs+GNDKOX6hix5dyHIqwwST06NfBYdPxRbxzpdkn/vAeT+pxqr3V0Fyk0aqs7zYqk+f6lWnHRZihbMHSUcocvcLJN/Mo9I
D5xtbcZOVHVENLop86niOLiggypaiHBuyahFG3kVVY1eQ1gjUn6N4Inlq8OeuFdIj2ZejaxP+3VfMrdQ+v4YSc85jwBKsgYa7ctP
C1Pnwm6Ncz3x8s3DsFXbXQBtaLWkhKnA35c+/1Vo4Q==
""",
    '{"features": "recording"}': """
f6QQ31B7H3FHe9/khXpyerN9W77mvVVYQ6qJZwDxDQY6dOYwJ0bVrgTkTz2DuTEcxtGcT0lKtnu8lSn7Fdmu2kvaNLoHGRJlILy9
dnsncM5pO0SHIvHuF2g6g3B3NTRReIhTyCSzyVqD3LTyXkskLXrq0rwhysJifWz5wK6JQdobGu844vPIb+LAMG7zrh9a6kX5sQJT
dT4ehlBvGZU2V/CA7z9HljO2PStSH4Dh7LWTwImSX2jQ8Yx45See7usOfyvOcHf75GsrqeJQEGJmPWmYnyEXnT3BoP0AsMoS3EUD
bZBfUBHiDlNkrd27353u4PpGZbLD0++b5aEYNNBmDg==
""",
    '{"features": []}': """
fSzxrn8WIUwIsH6Wu1X6ZppRvbAd+5MbVk+q/Lj/JPO9JATvQv+2dJce2bZ/8mHcZCgW9Vv5XUvgyu7OPt8vGc++FgwOeegCRj23
g6KVL9eLV2qenvrgvZMC2ugschzZg44fNdQZOH+kvW9C5khKu3FtYgx0WNyHQVVh03XcmPNW/lSclD2CFR1vfe71jp7Y5lc0yge8
wbFcZMRd5F38P8njnXlLYCEJ0kiurp8oyO5tmfoHthcHaztCpSDn+Uzsiune/BSd+9vQZ0RJ0h1kCLltJbwMfEOrPg7f0ld0Fhlv
2xpnZl3u9esGpb7tXqkKTuo+GXUiDEDD19D1Slp/FQ==
""",
    '{"features": null}': """
GniVrpjIGTzA1GmMXArYb76OfOwR4+kuEJihix2wkq9jyBS/v/dig+hpRsZBKeeLYJ83EnrISXNkXaBrrX8LkqQg9M5VDNSG0hyQ
eb2ySVZZBb4rjW/yDZ4CVefrEDRRcukAf95VmxFnw8MPZPN0I1nycP+KjcIIIqIA4DMYXVSFK+VSbQBcFGbamwH4Coeu1eIcwp4t
jWUl9qwwL3hlZ7AgpYf9l5jWPZt0nDPsGT/XP0NdVrJ9q5HLPIbCjFW1PmHcjZgpbP/rts44A7DJF4fvU/eJ5t9TNWKFiy3Qcp/I
7qibMgiL3OO0kUxuXBf7CHMNwJPAqE196iEHL91+dg==
""",
    '{"features": {"recording": true}}': """
V7ASEvd2+WOMcCEOENV4EqNVd685jeuSnXvlPEg13ah/YxPvvaqUm+dp8+9ckpKvO4oRrTY+lgnB3gnVZmnIXO3SqSPbvrx8XRr5
oF9yvPHJk57lDW2uuQHHi4prA9nenfKyT7Echkm5kNe/oF1AUIqySfxfAH4upQwqBht4qZ3cK8DPlLCk4YAMh7lqL6axHNFMePsR
Vl7fRgScMskrXkS9oKSakP6CzInxY1duCp1oxcHvrLGsIHcwPm3Vlwqr9ZhbxdcUN5Kr57vG/jqyITy1CC/LGxhUOTlu3eiabr0U
SicFyfFtupsD7IOP9rpx3IcEjzcTsaH7ZWyEgMawDg==
""",
    '{"features": ["recording", 1]}': """
UBi5hoORsjHzZa1bA0ENvZ6m0PFFvTf9Db1Y+2U0ndZ7nus6PoB0DYbL/fvMJi4YE3Q7WhLmaPAYYVxLtIZZ/PSeZJ+HdTfzooXF
vXEppAjBdF2HzzGLZCxXeHIWux0TrohLI42Llo+rzy/CXc4j8ts/Y7rn89GweWsOTBctTLHje89zulDiPodU12Jql0AQtam6V7YO
Qy94s9RrDxFBw9KIhAVgW5V1PcK4lHjLJdX29onZBf9pjsA0P86HFdds+pfmU/4LK3A0UpxZZ6itLujUZLLr/7El3HY6vRV+4NHX
ERJ0RG/tqL0AT7R0dvDfzC9L2Vqbuq8OaPTiNFq0hQ==
""",
    '{"features": [["recording"]]}': """
OdDGvHr6rTY9qHN77Lrx/6fmujHt2FsXPBoeWy839VMrbFJR5Bqj+j4iVtArTMH7hDx3n20F/V3MqvCvnKv1IqeUMw8ek+qUwGAh
twIrxEqSP/eXHPNwUNR2vxiGNEqRiqewPtHs/QwsExv6+ISpCN1YSgXQqq6tGeDJzQ4lQqqzLrbGVlijpfwz1WVSSO8YPokedBuG
zjcT+PtPlEtW/nD6qidiczqSgf553+F1JTKnt/Y2EkwHMQyVqxe4qRAXylfH+NLRFSdpHQ+MNEPe/2x4ArKXAiIyqIMW915XycTR
RvtoUgJDlavaxpNVqjfnIv+JkVomlqSAOuXlfhxYBg==
""",
    '{"feature": 1}': """
j+5lK5JDHMg/fNeDzyPtkTtetol2e/SoMGnyXL/DR/Piz7MFxy28sbIMdwEUiJi6Hp0WEGHSkg/J3QdPdBdfotHPgIFA3Qu6ywgU
/YrEHEnmCdeloT6ti7FUeauyZRoDYbuKcVcQkhTe3QKikOQUmf3tR9SlPOjS1v3KycGTBP6s0SYhkbFUbfrXtLoLODoQ5cIm9eBT
o1B0OUqLrUksvxWFnYa6d/vGZ5St4faZE2VlowfU1NoQXJPL4LrOCNf0dOpicr2UlJTaitGapBOOfo1spZ+1HlRYNAEOjAeOuYyd
yYNkWxE2aY0ZgMRgA8gUT2I/xaJ6hdOeeeNArYg3ew==
""",
    '{"feature": null}': """
Gn/zMUjhofJ4CtwdHYfinFiRoYBB69ZhO4ZDJ0g9M8mTh++pFL8CyFusQN/P7EaJe6xoD2SlCIRJB71GLfLdDLp4TWXorSX7EIWK
jN55NfqGT041Hvr4SuznZSPl7kfHHI/wy6dT6jeNOYWtZyWoztHX0mH6JfqzkM0FKaN6aGPQac1eGZiEgQiHN/LdMKs9skafQDPa
XcldyRbvRssQxUCkdfTl0ZLwArlUPR+1rij1AsAULy5TyzfW5peFleoN5BLg1ytpeJq3OZYpew8jWZ4Rn7rRT90Y+WHdeToRzS51
f8a7EKJWxemrftoI03rcas/YIbNUAQ7RT5cwsnf06A==
""",
    "{}": """
dcw7QKvCV6Eqf2ClizxmjCzNBCJ1KR0nnF3z1fny2Z5luPWRl9XxdvzyGk6uoU+UQFO1ElYDgYHjWFR6ff2Szy0+SyFtfUHxur4N
poHBIItse22hQWjekWlh14nKestpG3aburxaGXz0du+O7ip+J8AT9rPwWvL4Mql4nXBj4NjjNYwga2JUeKTCKDfGXeCQPDc+EAS4
9/kJQiP40N5ReLjipgM4145C5xBqGWDB/3k3wZYc+QMiXVYaVBFohUG9hVqpTSGgBiYNKTGyO8lR6JlAbqDYDae8fSbkYC5PBVI6
AD2cWslvj9spdl54Pitikwg6yvpLdTxV8BG/VO8IoA==
""",
    '{"features": ["' + "x" * 3000 + '"]}': """
X8bPdy8iIMevEtaUErvgV5Z9xSRpP2iVSH41r578qAYBsZLxfL9mBs0bhZu27YpFn0MHz400Pnv3GkJAWGk/7GMEmQD0eJ9y2a5F
NQqDdbfnjWaeJIBQdi+yn2l26KYNZCu/Gkx/4XUwxO8Z7mXu5E7pRuUNMWCBi9zFzn1oRdiAlqB69UmPG2/Xiu7HgMFzsCLyCKtn
kEg4ZxGPIejkwKlYfh4Z0GGD9t42iqmdXFBCwpGe5DMVgEv+OEZEm1sD+MR4e7LjjzmGoYbei2FeIL6XWloP2uSf4grbX5p+Tq5K
dzY300IuAm0WFj9XmKNdBoSGnoxH+LxYjTOWxGkYOw==
""",
}
