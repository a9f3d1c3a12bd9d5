"""The tables that leave as CSV and come back: members, skills, plans and resources."""

from __future__ import annotations

from bot.team.tables import members, plans, resources, skills
from bot.team.tables.table import Table

TABLES: dict[str, Table] = {
    table.name: table for table in (members.TABLE, skills.TABLE, plans.TABLE, resources.TABLE)
}
