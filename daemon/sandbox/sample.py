"""Reference data of the sample company: chart of accounts, taxes, terms, classes, methods, items.

Tables only. QBO ids, names and types are those of the public QBO sample company; which of them
exist in DEAR too, and under which code, is this world's own choice.
"""

from decimal import Decimal
from typing import Final

from daemon.sandbox.things import (
    AccountFace,
    ClassFace,
    MethodFace,
    ProductFace,
    TaxFace,
    TaxPart,
    TermFace,
    Thing,
)

_ASSETS: Final = ("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset")
_LIABILITIES: Final = (
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
    "Long Term Liability",
)
_COGS: Final = "Cost of Goods Sold"

_CHART: Final[tuple[tuple[str, str, str, str, str, str], ...]] = (
    # id, name, type, sub type, parent id, system role
    ("1", "Services", "Income", "ServiceFeeIncome", "", ""),
    ("2", "Retained Earnings", "Equity", "RetainedEarnings", "", "Retained earnings"),
    ("3", "Prepaid Expenses", "Other Current Asset", "PrepaidExpenses", "", ""),
    ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", "", "Undeposited funds"),
    ("5", "Fees Billed", "Income", "ServiceFeeIncome", "", ""),
    ("7", "Advertising", "Expense", "AdvertisingPromotional", "", ""),
    ("8", "Bank Charges", "Expense", "BankCharges", "", ""),
    ("9", "Commissions & fees", "Expense", "OtherMiscellaneousServiceCost", "", ""),
    ("10", "Dues & Subscriptions", "Expense", "DuesSubscriptions", "", ""),
    ("11", "Insurance", "Expense", "Insurance", "", ""),
    ("12", "Legal & Professional Fees", "Expense", "LegalProfessionalFees", "", ""),
    ("13", "Meals and Entertainment", "Expense", "EntertainmentMeals", "", ""),
    ("14", "Miscellaneous", "Other Expense", "OtherMiscellaneousExpense", "", ""),
    ("15", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses", "", ""),
    ("16", "Promotional", "Expense", "AdvertisingPromotional", "", ""),
    ("17", "Rent or Lease", "Expense", "RentOrLeaseOfBuildings", "", ""),
    ("18", "Stationery & Printing", "Expense", "OfficeGeneralAdministrativeExpenses", "", ""),
    ("19", "Taxes & Licenses", "Expense", "TaxesPaid", "", ""),
    ("20", "Supplies", "Expense", "SuppliesMaterials", "", ""),
    ("22", "Travel", "Expense", "Travel", "", ""),
    ("23", "Travel Meals", "Expense", "TravelMeals", "", ""),
    ("24", "Utilities", "Expense", "Utilities", "", ""),
    ("25", "Interest Earned", "Other Income", "InterestEarned", "", ""),
    ("26", "Other Portfolio Income", "Other Income", "OtherMiscellaneousIncome", "", ""),
    ("27", "Penalties & Settlements", "Other Expense", "PenaltiesSettlements", "", ""),
    ("28", "Disposal Fees", "Expense", "OtherMiscellaneousServiceCost", "", ""),
    ("29", "Purchases", "Expense", "SuppliesMaterials", "", ""),
    ("30", "Uncategorized Income", "Income", "ServiceFeeIncome", "", "Uncategorized"),
    (
        "31",
        "Uncategorized Expense",
        "Expense",
        "OtherMiscellaneousServiceCost",
        "",
        "Uncategorized",
    ),
    ("32", "Uncategorized Asset", "Other Current Asset", "OtherCurrentAssets", "", "Uncategorized"),
    ("33", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "", "Accounts payable"),
    ("34", "Opening Balance Equity", "Equity", "OpeningBalanceEquity", "", "Opening balance"),
    ("35", "Checking", "Bank", "Checking", "", ""),
    ("36", "Savings", "Bank", "Savings", "", ""),
    ("37", "Truck", "Fixed Asset", "Vehicles", "", ""),
    ("38", "Depreciation", "Fixed Asset", "AccumulatedDepreciation", "37", ""),
    ("39", "Original Cost", "Fixed Asset", "Vehicles", "37", ""),
    ("41", "Mastercard", "Credit Card", "CreditCard", "", ""),
    ("42", "Visa", "Credit Card", "CreditCard", "", ""),
    ("43", "Loan Payable", "Other Current Liability", "OtherCurrentLiabilities", "", ""),
    ("44", "Notes Payable", "Long Term Liability", "OtherLongTermLiabilities", "", ""),
    ("45", "Landscaping Services", "Income", "OtherPrimaryIncome", "", ""),
    ("46", "Job Materials", "Income", "OtherPrimaryIncome", "45", ""),
    ("47", "Decks and Patios", "Income", "OtherPrimaryIncome", "46", ""),
    ("48", "Fountains and Garden Lighting", "Income", "OtherPrimaryIncome", "46", ""),
    ("49", "Plants and Soil", "Income", "OtherPrimaryIncome", "46", ""),
    ("50", "Sprinklers and Drip Systems", "Income", "OtherPrimaryIncome", "46", ""),
    ("51", "Labor", "Income", "OtherPrimaryIncome", "45", ""),
    ("52", "Installation", "Income", "OtherPrimaryIncome", "51", ""),
    ("53", "Maintenance and Repair", "Income", "OtherPrimaryIncome", "51", ""),
    ("54", "Pest Control Services", "Income", "OtherPrimaryIncome", "", ""),
    ("55", "Automobile", "Expense", "Auto", "", ""),
    ("56", "Fuel", "Expense", "Auto", "55", ""),
    ("57", "Equipment Rental", "Expense", "EquipmentRental", "", ""),
    ("58", "Job Expenses", "Expense", "OtherMiscellaneousServiceCost", "", ""),
    ("59", "Cost of Labor", "Expense", "CostOfLabor", "58", ""),
    ("63", "Job Materials", "Expense", "SuppliesMaterials", "58", ""),
    ("64", "Decks and Patios", "Expense", "SuppliesMaterials", "63", ""),
    ("68", "Permits", "Expense", "TaxesPaid", "58", ""),
    ("69", "Accounting", "Expense", "LegalProfessionalFees", "12", ""),
    ("70", "Bookkeeper", "Expense", "LegalProfessionalFees", "12", ""),
    ("71", "Lawyer", "Expense", "LegalProfessionalFees", "12", ""),
    ("72", "Maintenance and Repair", "Expense", "RepairMaintenance", "", ""),
    ("76", "Gas and Electric", "Expense", "Utilities", "24", ""),
    ("77", "Telephone", "Expense", "Utilities", "24", ""),
    ("79", "Sales of Product Income", "Income", "SalesOfProductIncome", "", ""),
    ("80", "Cost of Goods Sold", _COGS, "SuppliesMaterialsCogs", "", ""),
    ("81", "Inventory Asset", "Other Current Asset", "Inventory", "", "Inventory asset"),
    ("82", "Design income", "Income", "OtherPrimaryIncome", "", ""),
    ("83", "Other Income", "Income", "OtherPrimaryIncome", "", ""),
    (
        "84",
        "Accounts Receivable (A/R)",
        "Accounts Receivable",
        "AccountsReceivable",
        "",
        "Accounts receivable",
    ),
    ("85", "Billable Expense Income", "Income", "SalesOfProductIncome", "", ""),
    ("86", "Discounts given", "Income", "DiscountsRefundsGiven", "", ""),
    (
        "89",
        "Arizona Dept. of Revenue Payable",
        "Other Current Liability",
        "GlobalTaxPayable",
        "",
        "",
    ),
    ("90", "Board of Equalization Payable", "Other Current Liability", "GlobalTaxPayable", "", ""),
)

_IN_DEAR: Final[dict[str, tuple[str, str]]] = {
    # QBO id: DEAR type, name in DEAR when it differs
    "1": ("REVENUE", ""),
    "7": ("EXPENSE", "Advertising and Promotion"),
    "20": ("EXPENSE", ""),
    "33": ("CURRLIAB", ""),
    "35": ("BANK", ""),
    "45": ("REVENUE", ""),
    "79": ("REVENUE", ""),
    "80": ("DIRECTCOSTS", ""),
    "81": ("CURRENT", ""),
    "84": ("CURRENT", ""),
    "90": ("CURRLIAB", ""),
}
_DEAR_ONLY: Final = (
    AccountFace(
        id="590",
        code="590",
        name="Landed Cost Clearing",
        type="CURRENT",
        classification="ASSET",
    ),
    AccountFace(
        id="860",
        code="860",
        name="Rounding",
        type="EXPENSE",
        classification="EXPENSE",
        system="Rounding",
    ),
)


def classification_of(account_type: str) -> str:
    """QBO's Classification of an AccountType."""
    if account_type in _ASSETS or account_type == "Other Asset":
        return "Asset"
    if account_type in _LIABILITIES:
        return "Liability"
    if account_type == "Equity":
        return "Equity"
    return "Revenue" if account_type in ("Income", "Other Income") else "Expense"


def chart() -> tuple[Thing[AccountFace], ...]:
    """The chart of accounts, parents before their children."""
    things = [_account(row) for row in _CHART]
    return (*things, *(Thing(key=f"dear-{a.code}", dear=a, trap="dear only") for a in _DEAR_ONLY))


def _account(row: tuple[str, str, str, str, str, str]) -> Thing[AccountFace]:
    qbo_id, name, account_type, sub_type, parent, system = row
    classification = classification_of(account_type)
    qbo = AccountFace(
        id=qbo_id,
        name=name,
        type=account_type,
        sub_type=sub_type,
        classification=classification,
        parent=parent,
        system=system,
        balance=Decimal("1201.00") if qbo_id == "35" else Decimal(0),
    )
    dear: AccountFace | None = None
    if qbo_id in _IN_DEAR:
        dear_type, other_name = _IN_DEAR[qbo_id]
        dear = AccountFace(
            id=f"Q{qbo_id}",
            code=f"Q{qbo_id}",
            name=other_name or name,
            type=dear_type,
            classification=classification.upper(),
            system=system if system.startswith("Accounts") else "",
            for_payments=account_type == "Bank",
        )
    trap = "renamed in DEAR" if dear is not None and dear.name != name else ""
    return Thing(key=f"account-{qbo_id}", qbo=qbo, dear=dear, trap=trap)


def untaxed_sales() -> Thing[TaxFace]:
    """A code for sales without tax that both systems know by one name."""
    books = TaxPart(id="4", name=UNTAXED, rate=Decimal(0), agency="2", account="90")
    source = TaxPart(id="", name=UNTAXED, rate=Decimal(0), account="Q90")
    return Thing(
        "untaxed",
        qbo=TaxFace(id="4", name=UNTAXED, description="No sales tax", parts=(books,)),
        dear=TaxFace(id="untaxed", name=UNTAXED, parts=(source,), account="Q90"),
    )


def tax_codes() -> tuple[Thing[TaxFace], ...]:
    """Pseudo codes and two groups of QBO; rules of DEAR, one of which no QBO code matches."""
    california = (TaxPart(id="3", name="California", rate=Decimal(8), agency="2", account="90"),)
    arizona = (
        TaxPart(id="1", name="AZ State tax", rate=Decimal("7.1"), agency="1", account="89"),
        TaxPart(id="2", name="Tucson City", rate=Decimal(2), agency="1", account="89"),
    )
    duty = TaxFace(
        id="import-duty",
        name="Import Duty",
        parts=(TaxPart(id="", name="Import Duty", rate=Decimal("2.5"), account="Q90"),),
        for_purchases=True,
        account="Q90",
    )
    dear_california = TaxFace(
        id="california",
        name="California",
        parts=(TaxPart(id="", name="California", rate=Decimal(8), account="Q90"),),
        for_purchases=True,
        account="Q90",
    )
    exempt = TaxFace(
        id="tax-exempt",
        name="Tax Exempt",
        parts=(TaxPart(id="", name="Tax Exempt", rate=Decimal(0), account="Q90"),),
        for_purchases=True,
        account="Q90",
    )
    return (
        Thing("TAX", qbo=TaxFace(id="TAX", name="TAX", description="Taxable", pseudo=True)),
        Thing("NON", qbo=TaxFace(id="NON", name="NON", description="Non-taxable", pseudo=True)),
        Thing(
            "CustomSalesTax",
            qbo=TaxFace(id="CustomSalesTax", name="CustomSalesTax", pseudo=True),
        ),
        Thing(
            "california",
            qbo=TaxFace(id="2", name="California", description="Sales Tax", parts=california),
            dear=dear_california,
        ),
        Thing(
            "tucson",
            qbo=TaxFace(id="3", name="Tucson", description="Sales Tax", parts=arizona),
        ),
        Thing("exempt", dear=exempt, trap="dear only"),
        Thing("duty", dear=duty, trap="unmapped"),
    )


UNTAXED: Final = "No Sales Tax"
TAX_AGENCIES: Final = (("1", "Arizona Dept. of Revenue"), ("2", "Board of Equalization"))


def terms() -> tuple[Thing[TermFace], ...]:
    """Payment terms: shared, QBO only, DEAR only."""

    def days(key: str, name: str, due: int, *, dear: bool) -> Thing[TermFace]:
        return Thing(
            name,
            qbo=TermFace(id=key, name=name, due=due),
            dear=TermFace(id=name, name=name, due=due, default=due == 30) if dear else None,
        )

    end_of_month = "days since the end of the month"
    return (
        days("1", "Due on receipt", 0, dear=False),
        days("2", "Net 15", 15, dear=True),
        days("3", "Net 30", 30, dear=True),
        days("4", "Net 60", 60, dear=True),
        days("5", "Net 10", 10, dear=False),
        Thing(
            "2% 10 Net 30",
            qbo=TermFace(
                id="6", name="2% 10 Net 30", due=30, discount_percent=Decimal(2), discount_days=10
            ),
        ),
        Thing(
            "30 EOM",
            dear=TermFace(id="30 EOM", name="30 EOM", method=end_of_month, due=30),
            trap="dear only",
        ),
    )


def classes() -> tuple[Thing[ClassFace], ...]:
    """QBO classes; DEAR has none. One id is too long for 32 bits."""
    return (
        Thing("Design", qbo=ClassFace(id="5000000000000007280", name="Design")),
        Thing("Landscaping", qbo=ClassFace(id="5000000000000007281", name="Landscaping")),
        Thing(
            "Commercial",
            qbo=ClassFace(
                id="5000000000000007282", name="Commercial", parent="5000000000000007281"
            ),
        ),
    )


def payment_methods() -> tuple[Thing[MethodFace], ...]:
    """QBO payment methods; DEAR has none."""
    cards = ("Visa", "MasterCard", "Discover", "American Express", "Diners Club")
    rows = [("Cash", False), ("Check", False), *((name, True) for name in cards)]
    return tuple(
        Thing(name, qbo=MethodFace(id=str(number), name=name, credit_card=card))
        for number, (name, card) in enumerate(rows, start=1)
    )


_ITEMS: Final[tuple[tuple[str, str, str, str, str, str, str], ...]] = (
    # id, name, type, price, cost, income account, description
    ("1", "Services", "Service", "0", "0", "1", ""),
    ("2", "Hours", "Service", "0", "0", "1", ""),
    ("3", "Concrete", "Service", "0", "0", "48", "Concrete for fountain installation"),
    ("4", "Design", "Service", "75", "0", "82", "Custom Design"),
    ("5", "Rock Fountain", "Inventory", "275", "125", "79", "Rock Fountain"),
    ("6", "Gardening", "Service", "0", "0", "45", "Weekly Gardening Service"),
    ("7", "Installation", "Service", "50", "0", "52", "Installation of landscape design"),
    ("8", "Lighting", "Service", "0", "0", "48", "Garden Lighting"),
    ("9", "Maintenance & Repair", "Service", "0", "0", "53", "Maintenance & Repair"),
    ("10", "Pest Control", "Service", "35", "0", "54", "Pest Control Services"),
    ("11", "Pump", "Inventory", "15", "10", "79", "Fountain Pump"),
    ("12", "Refunds & Allowances", "Service", "0", "0", "83", "Income due to refunds"),
    ("13", "Rocks", "Service", "0", "0", "48", "Garden Rocks"),
    ("14", "Sod", "Service", "0", "0", "49", "Sod"),
    ("15", "Soil", "Service", "10", "6.5", "49", "2 cubic ft. bag"),
    ("16", "Sprinkler Heads", "Inventory", "2", "0.75", "79", "Sprinkler Heads"),
    ("17", "Sprinkler Pipes", "Inventory", "4", "2.5", "79", "Sprinkler Pipes"),
    ("18", "Trimming", "Service", "35", "0", "45", "Tree and Shrub Trimming"),
)
_STOCK: Final = {"5": "2", "11": "25", "16": "25", "17": "31"}


def items() -> list[ProductFace]:
    """The eighteen items of the sample company, as QBO shows them."""
    return [_item(row) for row in _ITEMS]


def _item(row: tuple[str, str, str, str, str, str, str]) -> ProductFace:
    qbo_id, name, item_type, price, cost, income, description = row
    tracked = item_type == "Inventory"
    return ProductFace(
        id=qbo_id,
        name=name,
        type=item_type,
        description=description,
        purchase_description=description if tracked else "",
        sales_price=Decimal(price),
        purchase_cost=Decimal(cost),
        income_account=income,
        expense_account="80" if tracked or Decimal(cost) else "",
        asset_account="81" if tracked else "",
        taxable=tracked,
        quantity=Decimal(_STOCK.get(qbo_id, "0")),
    )
