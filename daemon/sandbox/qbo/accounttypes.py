"""Account types of QBO: classification, sub types, and the sub type given when none is sent."""

from collections.abc import Mapping
from typing import Final

CLASSIFICATION: Final[Mapping[str, str]] = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Cost of Goods Sold": "Expense",
}

SUB_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    # the first of each is the default when only the type is sent
    "Bank": (
        "CashOnHand", "Checking", "MoneyMarket", "RentsHeldInTrust", "Savings", "TrustAccounts",
    ),
    "Accounts Receivable": ("AccountsReceivable",),
    "Other Current Asset": (
        "OtherCurrentAssets", "AllowanceForBadDebts", "DevelopmentCosts",
        "EmployeeCashAdvances", "Inventory", "Investment_MortgageRealEstateLoans",
        "Investment_Other", "Investment_TaxExemptSecurities", "LoansToOfficers", "LoansToOthers",
        "LoansToStockholders", "PrepaidExpenses", "Retainage", "UndepositedFunds",
    ),
    "Fixed Asset": (
        "OtherFixedAssets", "AccumulatedAmortization", "AccumulatedDepletion",
        "AccumulatedDepreciation", "Buildings", "DepletableAssets", "FurnitureAndFixtures",
        "IntangibleAssets", "Land", "LeaseholdImprovements", "MachineryAndEquipment", "Vehicles",
        "FixedAssetComputers", "FixedAssetCopiers", "FixedAssetFurniture", "FixedAssetPhone",
        "FixedAssetPhotoVideo", "FixedAssetSoftware", "FixedAssetOtherToolsEquipment",
    ),
    "Other Asset": (
        "OtherLongTermAssets", "AccumulatedAmortizationOfOtherAssets", "Goodwill", "LeaseBuyout",
        "Licenses", "OrganizationalCosts", "SecurityDeposits",
    ),
    "Accounts Payable": ("AccountsPayable",),
    "Credit Card": ("CreditCard",),
    "Other Current Liability": (
        "OtherCurrentLiabilities", "DirectDepositPayable", "FederalIncomeTaxPayable",
        "GlobalTaxPayable", "GlobalTaxSuspense", "InsurancePayable", "LineOfCredit", "LoanPayable",
        "PayrollClearing", "PayrollTaxPayable", "PrepaidExpensesPayable", "RentsInTrustLiability",
        "SalesTaxPayable", "StateLocalIncomeTaxPayable", "TrustAccountsLiabilities",
    ),
    "Long Term Liability": ("OtherLongTermLiabilities", "NotesPayable", "ShareholderNotesPayable"),
    "Equity": (
        "OpeningBalanceEquity", "AccumulatedAdjustment", "CommonStock", "EstimatedTaxes",
        "HealthInsurancePremium", "OwnersEquity", "PaidInCapitalOrSurplus", "PartnerContributions",
        "PartnerDistributions", "PartnersEquity", "PersonalExpense", "PersonalIncome",
        "PreferredStock", "RetainedEarnings", "TreasuryStock",
    ),
    "Income": (
        "OtherPrimaryIncome", "DiscountsRefundsGiven", "NonProfitIncome", "SalesOfProductIncome",
        "ServiceFeeIncome", "UnappliedCashPaymentIncome",
    ),
    "Other Income": (
        "OtherMiscellaneousIncome", "DividendIncome", "InterestEarned", "OtherInvestmentIncome",
        "TaxExemptInterest", "UnrealisedLossOnSecuritiesNetOfTax",
    ),
    "Expense": (
        "OtherMiscellaneousServiceCost", "AdvertisingPromotional", "Auto", "BadDebts",
        "BankCharges", "CharitableContributions", "CommissionsAndFees", "CostOfLabor",
        "DuesSubscriptions", "Entertainment", "EntertainmentMeals", "EquipmentRental",
        "FinanceCosts", "Insurance", "InterestPaid", "LegalProfessionalFees",
        "OfficeGeneralAdministrativeExpenses", "OtherBusinessExpenses", "PayrollExpenses",
        "PromotionalMeals", "RentOrLeaseOfBuildings", "RepairMaintenance",
        "ShippingFreightDelivery", "SuppliesMaterials", "TaxesPaid", "Travel", "TravelMeals",
        "UnappliedCashBillPaymentExpense", "Utilities",
    ),
    "Other Expense": (
        "OtherMiscellaneousExpense", "Amortization", "Depreciation", "ExchangeGainOrLoss",
        "GasAndFuel", "HomeOffice", "MortgageInterest", "PenaltiesSettlements",
        "VehicleInsurance", "VehicleLoanInterest", "VehicleRegistration", "VehicleRepairs",
    ),
    "Cost of Goods Sold": (
        "SuppliesMaterialsCogs", "CostOfLaborCos", "EquipmentRentalCos", "OtherCostsOfServiceCos",
        "ShippingFreightDeliveryCos",
    ),
}  # fmt: skip

TYPE_OF: Final[Mapping[str, str]] = {
    sub_type: account_type for account_type, found in SUB_TYPES.items() for sub_type in found
}
"""Account type of each sub type."""
