"""Infobip's general error ids by reason: made for text messages, they share the ids of the voice errors.

Infobip's public list has their names; which reason each belongs to is read off those (assumed).
"""

from collections.abc import Mapping

from relay.core.model import Category

GENERAL_ERRORS: Mapping[Category, tuple[int, ...]] = {
    Category.INVALID_RECIPIENT: (1, 351, 352, 1025, 1152, 1153),
    Category.UNAVAILABLE: (5, 6, 8, 27, 502, 569, 628),
    Category.BUSY: (31,),
    Category.INSUFFICIENT_FUNDS: (581,),
    Category.EXPIRED: (811, 4098, 4101),
    Category.BLOCKED: (
        *(13, 375, 433, 560, 561, 564, 566, 573, 603, 604, 607, 608, 609),
        *(2049, 2050, 2052, 2053, 3041, 4103, 4104),
    ),
    Category.REJECTED: (
        *(15, 323, 355, 368, 488, 541, 542, 562, 563, 571, 572, 574, 577, 578, 579, 580, 592, 594, 597, 598, 601),
        *(632, 4096, 4099, 4100, 4202),
    ),
    Category.PROVIDER_ERROR: (
        *(24, 34, 35, 36, 51, 71, 260, 345, 500, 501, 503, 504, 507, 508, 509, 630, 631, 633, 815),
        *(1024, 1026, 1027, 1028, 1029, 1030, 1031, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1162, 1163, 1164),
        *(1165, 1166, 1281, 1282, 1283, 1284, 1536, 1537, 1538, 1539, 1540, 1541, 1792, 1793, 1794, 1795, 1796),
        *(2048, 2051, 4097, 4102),
    ),
    Category.UNDELIVERABLE: (*(2, 7, 9, 10, 11, 12, 20, 21, 32, 33, 256, 257, 258, 259, 261, 262, 565, 568, 629, 810),),
    Category.UNKNOWN: (255,),
}
